#include "azure/cors_xml.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/encoding.h"

namespace blobgate::azure {
namespace {

using Strings = std::vector<std::string>;

constexpr std::size_t kMaxRules = 5;
constexpr std::size_t kMaxOrigins = 64;
constexpr std::ptrdiff_t kMaxLiteralHeaders = 64;
constexpr std::ptrdiff_t kMaxPrefixedHeaders = 2;
constexpr std::size_t kMaxEntry = 256;
constexpr std::size_t kMaxCorsBytes = 2048;
constexpr std::array<std::string_view, 8> kMethods = {"DELETE", "GET",  "HEAD",    "MERGE",
                                                      "PATCH",  "POST", "OPTIONS", "PUT"};

Strings SplitList(std::string_view text) {
  Strings entries;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view entry = Trim(text.substr(0, comma));
    if (!entry.empty()) entries.emplace_back(entry);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return entries;
}

std::string JoinList(const Strings& entries) {
  std::string text;
  for (const std::string& entry : entries) {
    if (!text.empty()) text += ',';
    text += entry;
  }
  return text;
}

// One list of a rule; its bytes are added to `bytes`.
Outcome<Strings> ParseList(const XmlFields& fields, std::string_view name, std::size_t& bytes) {
  BG_TRY(const XmlElement element, fields.Require(name));
  BG_TRY(const std::string text, element.TrimmedText());
  bytes += text.size();
  Strings entries = SplitList(text);
  const bool fits =
      std::ranges::all_of(entries, [](const std::string& e) { return e.size() <= kMaxEntry; });
  if (!fits) return Fail(InvalidXmlValue(name, text, "An entry is longer than 256 characters."));
  return entries;
}

Outcome<Strings> ParseHeaderList(const XmlFields& fields, std::string_view name,
                                 std::size_t& bytes) {
  BG_TRY(Strings entries, ParseList(fields, name, bytes));
  const auto prefixed =
      std::ranges::count_if(entries, [](const std::string& e) { return e.ends_with('*'); });
  const auto literal = static_cast<std::ptrdiff_t>(entries.size()) - prefixed;
  if (prefixed > kMaxPrefixedHeaders || literal > kMaxLiteralHeaders) {
    return Fail(InvalidXml("Too many entries in " + std::string(name) + "."));
  }
  return entries;
}

Outcome<Strings> ParseMethods(const XmlFields& fields, std::size_t& bytes) {
  BG_TRY(Strings methods, ParseList(fields, "AllowedMethods", bytes));
  for (const std::string& method : methods) {
    if (std::ranges::find(kMethods, method) == kMethods.end()) {
      return Fail(InvalidXmlValue("AllowedMethods", method));
    }
  }
  if (methods.empty()) return Fail(InvalidXmlValue("AllowedMethods", ""));
  return methods;
}

Outcome<CorsRule> ParseRule(const XmlElement& element, std::size_t& bytes) {
  if (element.name() != "CorsRule") return Fail(InvalidXml("CorsRule expected."));
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"AllowedOrigins", "AllowedMethods", "AllowedHeaders",
                                 "ExposedHeaders", "MaxAgeInSeconds"}));
  CorsRule rule;
  BG_TRY(rule.allowed_origins, ParseList(fields, "AllowedOrigins", bytes));
  if (rule.allowed_origins.empty()) return Fail(InvalidXmlValue("AllowedOrigins", ""));
  if (rule.allowed_origins.size() > kMaxOrigins) {
    return Fail(InvalidXml("Too many entries in AllowedOrigins."));
  }
  BG_TRY(rule.allowed_methods, ParseMethods(fields, bytes));
  BG_TRY(rule.allowed_headers, ParseHeaderList(fields, "AllowedHeaders", bytes));
  BG_TRY(rule.exposed_headers, ParseHeaderList(fields, "ExposedHeaders", bytes));
  BG_TRY(const XmlElement max_age, fields.Require("MaxAgeInSeconds"));
  BG_TRY(rule.max_age_seconds, max_age.Number());
  return rule;
}

}  // namespace

Outcome<std::vector<CorsRule>> ParseCorsRules(const XmlElement& element) {
  BG_TRY(const std::vector<XmlElement> children, element.Children());
  if (children.size() > kMaxRules) return Fail(InvalidXml("At most 5 CORS rules are allowed."));
  std::vector<CorsRule> rules;
  std::size_t bytes = 0;
  for (const XmlElement& child : children) {
    BG_TRY(rules.emplace_back(), ParseRule(child, bytes));
  }
  if (bytes > kMaxCorsBytes) return Fail(InvalidXml("The CORS rules are larger than 2 KiB."));
  return rules;
}

void WriteCorsRules(XmlWriter& xml, const std::vector<CorsRule>& rules) {
  if (rules.empty()) {
    xml.Element("Cors", "");
    return;
  }
  xml.Open("Cors");
  for (const CorsRule& rule : rules) {
    xml.Open("CorsRule");
    xml.Element("AllowedMethods", JoinList(rule.allowed_methods));
    xml.Element("AllowedOrigins", JoinList(rule.allowed_origins));
    xml.Element("AllowedHeaders", JoinList(rule.allowed_headers));
    xml.Element("ExposedHeaders", JoinList(rule.exposed_headers));
    xml.Element("MaxAgeInSeconds", rule.max_age_seconds);
    xml.Close("CorsRule");
  }
  xml.Close("Cors");
}

}  // namespace blobgate::azure
