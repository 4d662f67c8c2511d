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
  std::string_view own;       ///< behind the prefix
  std::string_view standard;  ///< what HTTP calls it
  std::string blob::HttpProperties::* member;
};

constexpr std::array<TextProperty, 5> kTexts = {{
    {"content-type", "Content-Type", &blob::HttpProperties::content_type},
    {"content-encoding", "Content-Encoding", &blob::HttpProperties::content_encoding},
    {"content-language", "Content-Language", &blob::HttpProperties::content_language},
    {"content-disposition", "Content-Disposition", &blob::HttpProperties::content_disposition},
    {"cache-control", "Cache-Control", &blob::HttpProperties::cache_control},
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
                                                     bool body_is_content,
                                                     std::string_view prefix) {
  PropertyHeaders parsed;
  const auto own = [prefix](std::string_view name) { return std::string(prefix).append(name); };
  for (const TextProperty& text : kTexts) {
    auto value = headers.Find(prefix, text.own);
    if (value) parsed.any = true;
    if (!value && body_is_content) value = headers.Find(text.standard);
    if (!value) continue;
    if (value->size() > kMaxText)
      return azure::Fail(azure::InvalidHeader(own(text.own), "(too long)"));
    parsed.properties.*text.member = *value;
  }
  auto md5 = headers.Find(prefix, "content-md5");
  if (md5) parsed.any = true;
  if (!md5 && body_is_content) md5 = headers.Find("Content-MD5");
  if (md5) {
    BG_TRY(parsed.properties.content_md5, ParseMd5(*md5));
  }
  return parsed;
}

}  // namespace blobgate::operations
