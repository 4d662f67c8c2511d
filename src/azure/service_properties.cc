#include "azure/service_properties.h"

#include <algorithm>
#include <array>
#include <utility>

#include "azure/xml_reader.h"
#include "azure/xml_writer.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

// Limits of operations.md 2.1.
constexpr std::size_t kMaxRules = 5;
constexpr std::size_t kMaxOrigins = 64;
constexpr std::size_t kMaxLiteralHeaders = 64;
constexpr std::size_t kMaxPrefixedHeaders = 2;
constexpr std::size_t kMaxCorsEntry = 256;   // characters of an origin or header
constexpr std::size_t kMaxCorsBytes = 2048;  // of all rules, without the tags
constexpr std::uint32_t kMaxRetentionDays = 365;
constexpr std::size_t kMaxDocument = 255;  // bytes of a document of the static website
constexpr std::array<std::string_view, 8> kMethods{"DELETE", "GET",  "HEAD",    "MERGE",
                                                   "PATCH",  "POST", "OPTIONS", "PUT"};

Outcome<bool> RequiredBool(const XmlFields& fields, std::string_view name) {
  BG_TRY(const XmlElement element, fields.Require(name));
  return element.Bool();
}

Outcome<std::string> RequiredText(const XmlFields& fields, std::string_view name) {
  BG_TRY(const XmlElement element, fields.Require(name));
  return element.TrimmedText();
}

Outcome<std::string> OptionalText(const XmlFields& fields, std::string_view name) {
  const XmlElement* element = fields.Find(name);
  return element ? element->TrimmedText() : Outcome<std::string>(std::string());
}

// Enabled, and Days while enabled; of Logging, metrics and delete retention.
Outcome<RetentionPolicy> ReadRetention(const XmlFields& fields) {
  RetentionPolicy policy;
  BG_TRY(policy.enabled, RequiredBool(fields, "Enabled"));
  const XmlElement* days = fields.Find("Days");
  if (!policy.enabled) return policy;
  if (!days) return Fail(ErrorCode::kMissingRequiredXmlNode);
  BG_TRY(const std::uint32_t count, days->Number());
  if (count < 1 || count > kMaxRetentionDays) {
    return Fail(
        InvalidXml("Retention days must be greater than 0 and less than or equal to 365 days."));
  }
  policy.days = count;
  return policy;
}

Outcome<RetentionPolicy> ReadRetentionElement(const XmlFields& parent) {
  BG_TRY(const XmlElement element, parent.Require("RetentionPolicy"));
  BG_TRY(const XmlFields fields, XmlFields::Of(element, {"Enabled", "Days"}));
  return ReadRetention(fields);
}

Outcome<LoggingProperties> ReadLogging(const XmlElement& element) {
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"Version", "Delete", "Read", "Write", "RetentionPolicy"}));
  LoggingProperties logging;
  BG_TRY(logging.version, RequiredText(fields, "Version"));
  BG_TRY(logging.remove, RequiredBool(fields, "Delete"));
  BG_TRY(logging.read, RequiredBool(fields, "Read"));
  BG_TRY(logging.write, RequiredBool(fields, "Write"));
  BG_TRY(logging.retention, ReadRetentionElement(fields));
  return logging;
}

Outcome<MetricsProperties> ReadMetrics(const XmlElement& element) {
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"Version", "Enabled", "IncludeAPIs", "RetentionPolicy"}));
  MetricsProperties metrics;
  BG_TRY(metrics.version, RequiredText(fields, "Version"));
  BG_TRY(metrics.enabled, RequiredBool(fields, "Enabled"));
  if (metrics.enabled) {
    BG_TRY(const bool include, RequiredBool(fields, "IncludeAPIs"));
    metrics.include_apis = include;
  }
  BG_TRY(metrics.retention, ReadRetentionElement(fields));
  return metrics;
}

/// "a, b" without blanks and empty entries.
std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto comma = text.find(',');
    const std::string_view entry = WithoutBlanks(text.substr(0, comma));
    if (!entry.empty()) out.emplace_back(entry);
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return out;
}

Outcome<std::vector<std::string>> ReadHeaderList(const XmlFields& fields, std::string_view name) {
  BG_TRY(const std::string text, RequiredText(fields, name));
  auto entries = SplitList(text);
  std::size_t prefixed = 0;
  for (const auto& entry : entries) {
    if (entry.size() > kMaxCorsEntry) return Fail(InvalidXmlValue(name, entry));
    prefixed += entry.ends_with('*') ? 1 : 0;
  }
  if (prefixed > kMaxPrefixedHeaders || entries.size() - prefixed > kMaxLiteralHeaders) {
    return Fail(InvalidXml("Too many headers in a CORS rule."));
  }
  return entries;
}

Outcome<CorsRule> ReadRule(const XmlElement& element) {
  if (element.name() != "CorsRule") return Fail(InvalidXml("CorsRule expected."));
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"AllowedOrigins", "AllowedMethods", "AllowedHeaders",
                                 "ExposedHeaders", "MaxAgeInSeconds"}));
  CorsRule rule;
  BG_TRY(const std::string origins, RequiredText(fields, "AllowedOrigins"));
  rule.allowed_origins = SplitList(origins);
  BG_TRY(const std::string methods, RequiredText(fields, "AllowedMethods"));
  rule.allowed_methods = SplitList(methods);
  BG_TRY(rule.allowed_headers, ReadHeaderList(fields, "AllowedHeaders"));
  BG_TRY(rule.exposed_headers, ReadHeaderList(fields, "ExposedHeaders"));
  BG_TRY(const XmlElement age, fields.Require("MaxAgeInSeconds"));
  BG_TRY(rule.max_age_seconds, age.Number());
  if (rule.allowed_origins.empty() || rule.allowed_origins.size() > kMaxOrigins) {
    return Fail(InvalidXmlValue("AllowedOrigins", origins));
  }
  for (const auto& method : rule.allowed_methods) {
    if (std::ranges::find(kMethods, method) == kMethods.end()) {
      return Fail(InvalidXmlValue("AllowedMethods", method));
    }
  }
  if (rule.allowed_methods.empty()) return Fail(InvalidXmlValue("AllowedMethods", methods));
  return rule;
}

Outcome<std::vector<CorsRule>> ReadCors(const XmlElement& element) {
  BG_TRY(const auto children, element.Children());
  if (children.size() > kMaxRules) return Fail(InvalidXml("At most 5 CORS rules are allowed."));
  std::vector<CorsRule> rules;
  for (const auto& child : children) {
    BG_TRY(auto rule, ReadRule(child));
    rules.push_back(std::move(rule));
  }
  return rules;
}

Outcome<StaticWebsite> ReadWebsite(const XmlElement& element) {
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"Enabled", "IndexDocument", "DefaultIndexDocumentPath",
                                 "ErrorDocument404Path"}));
  StaticWebsite website;
  BG_TRY(website.enabled, RequiredBool(fields, "Enabled"));
  BG_TRY(website.index_document, OptionalText(fields, "IndexDocument"));
  BG_TRY(website.default_index_document_path, OptionalText(fields, "DefaultIndexDocumentPath"));
  BG_TRY(website.error_document_404_path, OptionalText(fields, "ErrorDocument404Path"));
  return website;
}

Outcome<void> ReadDeleteRetention(const XmlElement& element, ServiceProperties& into) {
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"Enabled", "Days", "AllowPermanentDelete"}));
  BG_TRY(into.delete_retention, ReadRetention(fields));
  into.allow_permanent_delete = false;
  if (const XmlElement* allow = fields.Find("AllowPermanentDelete")) {
    BG_TRY(into.allow_permanent_delete, allow->Bool());
  }
  return {};
}

// What stores hold from before a limit was checked stays readable, so these are for new values
// only.

/// As the lists are stored, a comma between two entries.
std::size_t TextBytes(const CorsRule& rule) {
  std::size_t bytes = std::to_string(rule.max_age_seconds).size();
  for (const auto* list : {&rule.allowed_origins, &rule.allowed_methods, &rule.allowed_headers,
                           &rule.exposed_headers}) {
    for (const auto& entry : *list) bytes += entry.size() + 1;
    if (!list->empty()) --bytes;
  }
  return bytes;
}

Outcome<void> CheckCors(const std::vector<CorsRule>& rules) {
  std::size_t bytes = 0;
  for (const auto& rule : rules) {
    bytes += TextBytes(rule);
    for (const auto& origin : rule.allowed_origins) {
      if (origin.size() > kMaxCorsEntry) return Fail(InvalidXmlValue("AllowedOrigins", origin));
    }
  }
  if (bytes > kMaxCorsBytes) return Fail(InvalidXml("The CORS rules are longer than 2 KiB."));
  return {};
}

/// Of Storage Analytics.
Outcome<void> CheckAnalyticsVersion(std::string_view version) {
  if (version == "1.0" || version == "2.0") return {};
  return Fail(InvalidXmlValue("Version", version));
}

/// The index document is a file name, looked for in each directory; the other two are paths in
/// `$web`.
Outcome<void> CheckWebsite(const StaticWebsite& website) {
  const std::string& index = website.index_document;
  if (index.find('/') != std::string::npos || index.size() > kMaxDocument) {
    return Fail(InvalidXmlValue("IndexDocument", index));
  }
  const std::string& fallback = website.default_index_document_path;
  if (fallback.size() > kMaxDocument) {
    return Fail(InvalidXmlValue("DefaultIndexDocumentPath", fallback));
  }
  const std::string& missing = website.error_document_404_path;
  if (missing.size() > kMaxDocument) return Fail(InvalidXmlValue("ErrorDocument404Path", missing));
  return {};
}

Outcome<void> CheckChanges(const ServiceProperties& before, const ServiceProperties& after) {
  if (after.cors != before.cors) BG_CHECK(CheckCors(after.cors));
  if (after.logging != before.logging) BG_CHECK(CheckAnalyticsVersion(after.logging.version));
  if (after.hour_metrics != before.hour_metrics) {
    BG_CHECK(CheckAnalyticsVersion(after.hour_metrics.version));
  }
  if (after.minute_metrics != before.minute_metrics) {
    BG_CHECK(CheckAnalyticsVersion(after.minute_metrics.version));
  }
  if (after.static_website != before.static_website) BG_CHECK(CheckWebsite(after.static_website));
  const std::string& version = after.default_service_version;
  if (version != before.default_service_version && !IsVersionDate(version)) {
    return Fail(InvalidXmlValue("DefaultServiceVersion", version));
  }
  return {};
}

void WriteRetention(XmlWriter& xml, const RetentionPolicy& policy) {
  xml.Open("RetentionPolicy");
  xml.Flag("Enabled", policy.enabled);
  if (policy.days) xml.Element("Days", std::uint64_t{*policy.days});
  xml.Close("RetentionPolicy");
}

void WriteMetrics(XmlWriter& xml, std::string_view name, const MetricsProperties& metrics) {
  xml.Open(name);
  xml.Element("Version", metrics.version);
  xml.Flag("Enabled", metrics.enabled);
  if (metrics.include_apis) xml.Flag("IncludeAPIs", *metrics.include_apis);
  WriteRetention(xml, metrics.retention);
  xml.Close(name);
}

void WriteLogging(XmlWriter& xml, const LoggingProperties& logging) {
  xml.Open("Logging");
  xml.Element("Version", logging.version);
  xml.Flag("Read", logging.read);
  xml.Flag("Write", logging.write);
  xml.Flag("Delete", logging.remove);
  WriteRetention(xml, logging.retention);
  xml.Close("Logging");
}

std::string JoinList(const std::vector<std::string>& entries) {
  std::string out;
  for (const auto& entry : entries) out += (out.empty() ? "" : ",") + entry;
  return out;
}

void WriteCors(XmlWriter& xml, const std::vector<CorsRule>& rules) {
  if (rules.empty()) {
    xml.Element("Cors", std::string_view());
    return;
  }
  xml.Open("Cors");
  for (const auto& rule : rules) {
    xml.Open("CorsRule");
    xml.Element("AllowedMethods", JoinList(rule.allowed_methods));
    xml.Element("AllowedOrigins", JoinList(rule.allowed_origins));
    xml.Element("AllowedHeaders", JoinList(rule.allowed_headers));
    xml.Element("ExposedHeaders", JoinList(rule.exposed_headers));
    xml.Element("MaxAgeInSeconds", std::uint64_t{rule.max_age_seconds});
    xml.Close("CorsRule");
  }
  xml.Close("Cors");
}

void WriteWebsite(XmlWriter& xml, const StaticWebsite& website) {
  xml.Open("StaticWebsite");
  xml.Flag("Enabled", website.enabled);
  xml.ElementIfSet("IndexDocument", website.index_document);
  xml.ElementIfSet("DefaultIndexDocumentPath", website.default_index_document_path);
  xml.ElementIfSet("ErrorDocument404Path", website.error_document_404_path);
  xml.Close("StaticWebsite");
}

/// `stored` with the elements that `body` has.
Outcome<ServiceProperties> Replace(ServiceProperties stored, std::string_view body) {
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "StorageServiceProperties"));
  BG_TRY(const XmlFields fields,
         XmlFields::Of(document.root(),
                       {"Logging", "HourMetrics", "MinuteMetrics", "Metrics", "Cors",
                        "DeleteRetentionPolicy", "StaticWebsite", "DefaultServiceVersion"}));
  if (const auto* e = fields.Find("Logging")) {
    BG_TRY(stored.logging, ReadLogging(*e));
  }
  // Up to 2012-02-12 the hour metrics were called Metrics.
  for (const std::string_view name : {"Metrics", "HourMetrics"}) {
    const auto* e = fields.Find(name);
    if (!e) continue;
    BG_TRY(stored.hour_metrics, ReadMetrics(*e));
  }
  if (const auto* e = fields.Find("MinuteMetrics")) {
    BG_TRY(stored.minute_metrics, ReadMetrics(*e));
  }
  if (const auto* e = fields.Find("Cors")) {
    BG_TRY(stored.cors, ReadCors(*e));
  }
  if (const auto* e = fields.Find("DeleteRetentionPolicy")) {
    BG_CHECK(ReadDeleteRetention(*e, stored));
  }
  if (const auto* e = fields.Find("StaticWebsite")) {
    BG_TRY(stored.static_website, ReadWebsite(*e));
  }
  BG_TRY(const std::string version, OptionalText(fields, "DefaultServiceVersion"));
  if (!version.empty()) stored.default_service_version = version;
  return stored;
}

}  // namespace

bool IsVersionDate(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  return std::ranges::equal(text, kForm, [](char c, char form) {
    return form == 'd' ? c >= '0' && c <= '9' : c == form;
  });
}

Outcome<ServiceProperties> MergeServiceProperties(const ServiceProperties& stored,
                                                  std::string_view body) {
  BG_TRY(auto merged, Replace(stored, body));
  BG_CHECK(CheckChanges(stored, merged));
  return merged;
}

Outcome<ServiceProperties> DecodeServiceProperties(std::string_view stored) {
  return Replace({}, stored);
}

std::string RenderServiceProperties(const ServiceProperties& properties) {
  XmlWriter xml;
  xml.Open("StorageServiceProperties");
  WriteLogging(xml, properties.logging);
  WriteMetrics(xml, "HourMetrics", properties.hour_metrics);
  WriteMetrics(xml, "MinuteMetrics", properties.minute_metrics);
  WriteCors(xml, properties.cors);
  xml.Open("DeleteRetentionPolicy");
  xml.Flag("Enabled", properties.delete_retention.enabled);
  xml.Flag("AllowPermanentDelete", properties.allow_permanent_delete);
  if (properties.delete_retention.days) {
    xml.Element("Days", std::uint64_t{*properties.delete_retention.days});
  }
  xml.Close("DeleteRetentionPolicy");
  WriteWebsite(xml, properties.static_website);
  xml.ElementIfSet("DefaultServiceVersion", properties.default_service_version);
  xml.Close("StorageServiceProperties");
  return std::move(xml).Take();
}

}  // namespace blobgate::azure
