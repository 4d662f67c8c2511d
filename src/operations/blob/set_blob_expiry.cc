// Set Blob Expiry (operations.md 2.3): only files of accounts with a hierarchical namespace expire.
// Every account here is flat, so that a well-formed request is refused as the service refuses it
// there; what is malformed, or names no blob, is told first.
#include <array>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

constexpr std::string_view kOption = "x-ms-expiry-option";
constexpr std::string_view kTime = "x-ms-expiry-time";

enum class Option : std::uint8_t { kNever, kRelativeToCreation, kRelativeToNow, kAbsolute };

azure::Outcome<Option> ParseOption(const http::HeaderView& headers) {
  constexpr std::array<std::string_view, 4> kNames = {"NeverExpire", "RelativeToCreation",
                                                      "RelativeToNow", "Absolute"};
  const std::string_view text = headers.Get(kOption);
  if (text.empty()) return azure::Fail(azure::MissingHeader(kOption));
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (EqualsIgnoreCase(text, kNames[i])) return static_cast<Option>(i);
  }
  return azure::Fail(azure::InvalidHeader(kOption, text));
}

/// Milliseconds, or a date that is still to come.
azure::Outcome<void> CheckTime(const Call& call, Option option) {
  const std::string_view text = call.headers().Get(kTime);
  if (option == Option::kNever) return {};
  if (text.empty()) return azure::Fail(azure::MissingHeader(kTime));
  if (option != Option::kAbsolute) {
    if (!ParseUnsigned(text)) return azure::Fail(azure::InvalidHeader(kTime, text));
    return {};
  }
  const auto date = ParseHttpDate(text);
  if (!date || *date <= call.now) return azure::Fail(azure::InvalidHeader(kTime, text));
  return {};
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobExpiry(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_TRY(const Option option, ParseOption(call.headers()));
  BG_CO_CHECK(CheckTime(call, option));
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  if (!target.exists()) co_return azure::Fail(azure::ErrorCode::kBlobNotFound);
  co_return azure::Fail(
      azure::Error(azure::ErrorCode::kInvalidInput)
          .WithMessage("Hierarchical namespace is not enabled for this account."));
}

}  // namespace blobgate::operations
