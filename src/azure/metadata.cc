#include "azure/metadata.h"

#include <algorithm>

#include "base/encoding.h"

namespace blobgate::azure {
namespace {

constexpr std::string_view kPrefix = "x-ms-meta-";

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsControl(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
}

bool IsIdentifier(std::string_view name) {
  return IsLetter(name.front()) &&
         std::ranges::all_of(name, [](char c) { return IsLetter(c) || IsDigit(c); });
}

/// Values of one name become one value, as those of any header do (RFC 9110, 5.2).
void Add(std::string_view name, std::string_view value, NameValues& metadata) {
  const auto known = std::ranges::find_if(
      metadata, [&](const auto& pair) { return EqualsIgnoreCase(pair.first, name); });
  if (known == metadata.end()) {
    metadata.emplace_back(name, value);
  } else {
    known->second.append(",").append(value);
  }
}

}  // namespace

Outcome<NameValues> ParseMetadata(const http::HeaderView& headers) {
  NameValues metadata;
  std::size_t bytes = 0;
  for (const auto& [field, value] : headers.fields()) {
    if (!EqualsIgnoreCase(field.substr(0, kPrefix.size()), kPrefix)) continue;
    const std::string_view name = field.substr(kPrefix.size());
    if (name.empty()) return Fail(ErrorCode::kEmptyMetadataKey);
    bytes += name.size() + value.size();
    if (bytes > kMaxMetadataBytes) return Fail(ErrorCode::kMetadataTooLarge);
    if (!IsIdentifier(name) || std::ranges::any_of(value, IsControl)) {
      return Fail(ErrorCode::kInvalidMetadata);
    }
    Add(name, value, metadata);
  }
  return metadata;
}

void AppendMetadataHeaders(const NameValues& metadata, NameValues& headers) {
  for (const auto& [name, value] : metadata) {
    headers.emplace_back(std::string(kPrefix) + name, value);
  }
}

std::string MetadataValueAsUtf8(std::string_view value) {
  if (IsUtf8(value)) return std::string(value);
  std::string text;
  text.reserve(value.size() * 2);
  for (char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xC0 | byte >> 6);
      text += static_cast<char>(0x80 | (byte & 0x3F));
    }
  }
  return text;
}

}  // namespace blobgate::azure
