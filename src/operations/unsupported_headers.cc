#include "operations/unsupported_headers.h"

#include <array>
#include <string>
#include <string_view>

namespace blobgate::operations {
namespace {

constexpr std::array<std::string_view, 4> kUnsupported = {
    "x-ms-encryption-key",
    "x-ms-encryption-key-sha256",
    "x-ms-encryption-algorithm",
    "x-ms-encryption-scope",
};

}  // namespace

azure::Outcome<void> CheckSupported(const http::HeaderView& headers) {
  for (const std::string_view name : kUnsupported) {
    if (headers.Get(name).empty()) continue;
    return azure::Fail(azure::Error(azure::ErrorCode::kUnsupportedHeader)
                           .WithDetail("HeaderName", std::string(name)));
  }
  return {};
}

}  // namespace blobgate::operations
