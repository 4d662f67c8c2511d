#include <algorithm>

#include "base/crc64.h"
#include "base/encoding.h"
#include "base/md5.h"
#include "operations/blob_store.h"
#include "operations/upload.h"

namespace blobgate::operations {
namespace {

constexpr std::size_t kFirstRoom = 16 * 1024;  // bytes

azure::Outcome<void> CheckHashes(const ChecksumPlan& plan, std::string_view text) {
  if (plan.expected_md5) {
    const Md5Digest actual = Md5Of(AsBytes(text));
    if (actual != *plan.expected_md5) {
      return azure::Fail(azure::Error(azure::ErrorCode::kMd5Mismatch)
                             .WithDetail("UserSpecifiedMd5", Base64Encode(*plan.expected_md5))
                             .WithDetail("ServerCalculatedMd5", Base64Encode(actual)));
    }
  }
  if (plan.expected_crc64) {
    const std::uint64_t actual = Crc64(AsBytes(text));
    if (actual != *plan.expected_crc64) {
      return azure::Fail(azure::Error(azure::ErrorCode::kCrc64Mismatch)
                             .WithDetail("UserSpecifiedCrc", Crc64ToBase64(*plan.expected_crc64))
                             .WithDetail("ServerCalculatedCrc", Crc64ToBase64(actual)));
    }
  }
  return {};
}

}  // namespace

Task<azure::Outcome<std::string>> ReadSmallBody(Call& call, std::size_t limit) {
  if (!call.head.content_length) {
    co_return azure::Fail(azure::ErrorCode::kMissingContentLengthHeader);
  }
  const std::uint64_t length = *call.head.content_length;
  if (length > limit) {
    co_return azure::Fail(azure::Error(azure::ErrorCode::kRequestBodyTooLarge)
                              .WithDetail("MaxLimit", std::to_string(limit)));
  }
  BG_CO_TRY(auto plan, PlanChecksums(call.headers(), false));
  std::string text;  // grows as the body comes: many that come slowly need little
  std::size_t got = 0;
  while (got < length) {
    if (got == text.size()) {
      text.resize(std::min<std::uint64_t>(length, std::max(kFirstRoom, 2 * got)));
    }
    MutableBytes rest(reinterpret_cast<std::byte*>(text.data()) + got, text.size() - got);
    BG_CO_TRY(auto n, co_await call.body.Read(rest));
    if (n == 0) co_return azure::Fail(azure::ErrorCode::kInvalidInput);
    got += n;
  }
  BG_CO_CHECK(CheckHashes(plan, text));
  co_return text;
}

}  // namespace blobgate::operations
