#include "azure/tags.h"

#include <algorithm>
#include <optional>

#include "azure/xml_reader.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

bool IsTagChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(" +-./:=_").find(c) != std::string_view::npos;
}

// A part of a form: `+` is a space, then the escapes.
Outcome<std::string> FormDecode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  std::optional<std::string> decoded = PercentDecode(spaced);
  if (!decoded) return Fail(ErrorCode::kInvalidTag);
  return *std::move(decoded);
}

Outcome<void> CheckTag(std::string_view key, std::string_view value) {
  if (key.empty()) return Fail(ErrorCode::kEmptyTagName);
  if (key.size() > kMaxTagKey || value.size() > kMaxTagValue) return Fail(ErrorCode::kTagsTooLarge);
  if (!std::ranges::all_of(key, IsTagChar) || !std::ranges::all_of(value, IsTagChar)) {
    return Fail(ErrorCode::kInvalidTag);
  }
  return {};
}

Outcome<std::pair<std::string, std::string>> ParseTag(const XmlElement& element) {
  if (element.name() != "Tag") return Fail(InvalidXml("Tag expected."));
  BG_TRY(const XmlFields fields, XmlFields::Of(element, {"Key", "Value"}));
  BG_TRY(const XmlElement key, fields.Require("Key"));
  BG_TRY(const XmlElement value, fields.Require("Value"));
  std::pair<std::string, std::string> tag;
  BG_TRY(tag.first, key.Text());
  BG_TRY(tag.second, value.Text());
  return tag;
}

}  // namespace

Outcome<NameValues> CheckTags(NameValues tags) {
  if (tags.size() > kMaxTags) return Fail(ErrorCode::kTagsTooLarge);
  for (const auto& [key, value] : tags) BG_CHECK(CheckTag(key, value));
  std::ranges::sort(tags);
  auto same_key = [](const auto& a, const auto& b) { return a.first == b.first; };
  if (std::ranges::adjacent_find(tags, same_key) != tags.end()) {
    return Fail(ErrorCode::kDuplicateTagNames);
  }
  return tags;
}

Outcome<NameValues> ParseTagsHeader(std::string_view value) {
  NameValues tags;
  while (!value.empty()) {
    const std::size_t end = value.find('&');
    const std::string_view pair = value.substr(0, end);
    value = end == std::string_view::npos ? std::string_view() : value.substr(end + 1);
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) return Fail(ErrorCode::kInvalidTag);
    auto& tag = tags.emplace_back();
    BG_TRY(tag.first, FormDecode(pair.substr(0, equals)));
    BG_TRY(tag.second, FormDecode(pair.substr(equals + 1)));
  }
  return CheckTags(std::move(tags));
}

Outcome<NameValues> ParseTagsXml(std::string_view body) {
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "Tags"));
  BG_TRY(const XmlFields fields, XmlFields::Of(document.root(), {"TagSet"}));
  BG_TRY(const XmlElement set, fields.Require("TagSet"));
  BG_TRY(const std::vector<XmlElement> elements, set.Children());
  NameValues tags;
  for (const XmlElement& element : elements) {
    BG_TRY(tags.emplace_back(), ParseTag(element));
  }
  return CheckTags(std::move(tags));
}

std::string RenderTagsXml(const NameValues& tags) {
  XmlWriter xml(true);
  WriteTags(xml, tags);
  return std::move(xml).Take();
}

void WriteTags(XmlWriter& xml, const NameValues& tags) {
  xml.Open("Tags");
  if (tags.empty()) {
    xml.Element("TagSet", "");
  } else {
    xml.Open("TagSet");
    for (const auto& [key, value] : tags) {
      xml.Open("Tag");
      xml.Element("Key", key);
      xml.Element("Value", value);
      xml.Close("Tag");
    }
    xml.Close("TagSet");
  }
  xml.Close("Tags");
}

}  // namespace blobgate::azure
