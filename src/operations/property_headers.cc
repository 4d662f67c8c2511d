#include "operations/property_headers.h"

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "base/encoding.h"

namespace blobgate::operations {
namespace {

constexpr std::size_t kMaxText = 4 * 1024;  // bytes

struct TextProperty {
  std::string_view own;       ///< x-ms-blob-*
  std::string_view standard;  ///< what HTTP calls it
  std::string blob::HttpProperties::* member;
};

constexpr std::array<TextProperty, 5> kTexts = {{
    {"x-ms-blob-content-type", "Content-Type", &blob::HttpProperties::content_type},
    {"x-ms-blob-content-encoding", "Content-Encoding", &blob::HttpProperties::content_encoding},
    {"x-ms-blob-content-language", "Content-Language", &blob::HttpProperties::content_language},
    {"x-ms-blob-content-disposition", "Content-Disposition",
     &blob::HttpProperties::content_disposition},
    {"x-ms-blob-cache-control", "Cache-Control", &blob::HttpProperties::cache_control},
}};

azure::Outcome<std::optional<Md5Digest>> ParseMd5(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto bytes = Base64Decode(text);
  Md5Digest digest;
  if (!bytes || bytes->size() != digest.size()) return azure::Fail(azure::ErrorCode::kInvalidMd5);
  std::memcpy(digest.data(), bytes->data(), digest.size());
  return digest;
}

}  // namespace

azure::Outcome<PropertyHeaders> ParsePropertyHeaders(const http::HeaderView& headers,
                                                     bool body_is_content) {
  PropertyHeaders parsed;
  for (const TextProperty& text : kTexts) {
    auto value = headers.Find(text.own);
    if (value) parsed.any = true;
    if (!value && body_is_content) value = headers.Find(text.standard);
    if (!value) continue;
    if (value->size() > kMaxText) return azure::Fail(azure::InvalidHeader(text.own, "(too long)"));
    parsed.properties.*text.member = *value;
  }
  constexpr std::string_view kMd5 = "x-ms-blob-content-md5";
  auto md5 = headers.Find(kMd5);
  if (md5) parsed.any = true;
  if (!md5 && body_is_content) md5 = headers.Find("Content-MD5");
  if (md5) {
    BG_TRY(parsed.properties.content_md5, ParseMd5(*md5));
  }
  return parsed;
}

}  // namespace blobgate::operations
