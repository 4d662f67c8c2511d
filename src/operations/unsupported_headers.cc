#include "operations/unsupported_headers.h"

#include <array>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace blobgate::operations {
namespace {

constexpr std::array<std::string_view, 7> kUnsupported = {
    "x-ms-encryption-key",   "x-ms-encryption-key-sha256",          "x-ms-encryption-algorithm",
    "x-ms-encryption-scope", "x-ms-immutability-policy-until-date", "x-ms-immutability-policy-mode",
    "x-ms-legal-hold",
};

}  // namespace

azure::Outcome<void> CheckSupported(const http::HeaderView& headers) {
  for (const std::string_view name : kUnsupported) {
    const std::string_view value = headers.Get(name);
    if (value.empty()) continue;
    if (name == "x-ms-legal-hold" && EqualsIgnoreCase(value, "false")) continue;
    return azure::Fail(azure::Error(azure::ErrorCode::kUnsupportedHeader)
                           .WithDetail("HeaderName", std::string(name)));
  }
  return {};
}

}  // namespace blobgate::operations
