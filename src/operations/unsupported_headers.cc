#include "operations/unsupported_headers.h"

#include <initializer_list>
#include <string>
#include <string_view>

namespace blobgate::operations {
namespace {

azure::Outcome<void> Refuse(const http::HeaderView& headers,
                            std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (headers.Get(name).empty()) continue;
    return azure::Fail(azure::Error(azure::ErrorCode::kUnsupportedHeader)
                           .WithDetail("HeaderName", std::string(name)));
  }
  return {};
}

}  // namespace

azure::Outcome<void> RefuseCustomerKey(const http::HeaderView& headers) {
  return Refuse(headers,
                {"x-ms-encryption-key", "x-ms-encryption-key-sha256", "x-ms-encryption-algorithm"});
}

azure::Outcome<void> RefuseEncryption(const http::HeaderView& headers) {
  BG_CHECK(RefuseCustomerKey(headers));
  return Refuse(headers, {"x-ms-encryption-scope"});
}

}  // namespace blobgate::operations
