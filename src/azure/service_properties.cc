#include "azure/service_properties.h"

#include <algorithm>
#include <optional>

#include "azure/cors_xml.h"
#include "azure/xml_reader.h"
#include "azure/xml_writer.h"
#include "base/time.h"

namespace blobgate::azure {
namespace {

constexpr std::uint32_t kMaxRetentionDays = 365;

Outcome<bool> RequiredBool(const XmlFields& fields, std::string_view name) {
  BG_TRY(const XmlElement element, fields.Require(name));
  return element.Bool();
}

// The text of an optional element; `otherwise` when it is absent.
Outcome<std::string> OptionalText(const XmlFields& fields, std::string_view name,
                                  std::string otherwise = {}) {
  const XmlElement* element = fields.Find(name);
  return element ? element->TrimmedText() : Outcome<std::string>(std::move(otherwise));
}

Outcome<RetentionPolicy> RetentionOf(const XmlFields& fields) {
  RetentionPolicy policy;
  BG_TRY(policy.enabled, RequiredBool(fields, "Enabled"));
  if (!policy.enabled) return policy;
  BG_TRY(const XmlElement days, fields.Require("Days"));
  BG_TRY(policy.days, days.Number());
  if (*policy.days < 1 || *policy.days > kMaxRetentionDays) {
    return Fail(
        InvalidXml("Retention days must be greater than 0 and less than or equal to 365 days."));
  }
  return policy;
}

Outcome<RetentionPolicy> RequiredRetention(const XmlFields& fields) {
  BG_TRY(const XmlElement element, fields.Require("RetentionPolicy"));
  BG_TRY(const XmlFields parts, XmlFields::Of(element, {"Enabled", "Days"}));
  return RetentionOf(parts);
}

Outcome<LoggingProperties> ParseLogging(const XmlElement& element) {
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"Version", "Read", "Write", "Delete", "RetentionPolicy"}));
  LoggingProperties logging;
  BG_TRY(const XmlElement version, fields.Require("Version"));
  BG_TRY(logging.version, version.TrimmedText());
  BG_TRY(logging.read, RequiredBool(fields, "Read"));
  BG_TRY(logging.write, RequiredBool(fields, "Write"));
  BG_TRY(logging.remove, RequiredBool(fields, "Delete"));
  BG_TRY(logging.retention, RequiredRetention(fields));
  return logging;
}

// Clients leave out what a disabled metric does not need.
Outcome<MetricsProperties> ParseMetrics(const XmlElement& element) {
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"Version", "Enabled", "IncludeAPIs", "RetentionPolicy"}));
  MetricsProperties metrics;
  BG_TRY(metrics.version, OptionalText(fields, "Version", "1.0"));
  BG_TRY(metrics.enabled, RequiredBool(fields, "Enabled"));
  if (metrics.enabled) {
    BG_TRY(metrics.include_apis, RequiredBool(fields, "IncludeAPIs"));
  }
  if (metrics.enabled || fields.Find("RetentionPolicy")) {
    BG_TRY(metrics.retention, RequiredRetention(fields));
  }
  return metrics;
}

Outcome<StaticWebsite> ParseStaticWebsite(const XmlElement& element) {
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

Outcome<void> SetDeleteRetention(ServiceProperties& properties, const XmlElement& element) {
  BG_TRY(const XmlFields fields,
         XmlFields::Of(element, {"Enabled", "AllowPermanentDelete", "Days"}));
  BG_TRY(properties.delete_retention, RetentionOf(fields));
  properties.allow_permanent_delete = false;
  if (const XmlElement* allow = fields.Find("AllowPermanentDelete")) {
    BG_TRY(properties.allow_permanent_delete, allow->Bool());
  }
  return {};
}

// A version is a date; which dates are published is checked where requests are served.
Outcome<std::string> ParseVersion(const XmlElement& element) {
  BG_TRY(std::string version, element.TrimmedText());
  if (!version.empty() && (version.size() != 10 || !ParseIso8601(version))) {
    return Fail(InvalidXmlValue("DefaultServiceVersion", version));
  }
  return version;
}

Outcome<void> Apply(ServiceProperties& properties, const XmlFields& fields) {
  if (const XmlElement* element = fields.Find("Logging")) {
    BG_TRY(properties.logging, ParseLogging(*element));
  }
  if (const XmlElement* element = fields.Find("HourMetrics")) {
    BG_TRY(properties.hour_metrics, ParseMetrics(*element));
  }
  if (const XmlElement* element = fields.Find("MinuteMetrics")) {
    BG_TRY(properties.minute_metrics, ParseMetrics(*element));
  }
  if (const XmlElement* element = fields.Find("Cors")) {
    BG_TRY(properties.cors, ParseCorsRules(*element));
  }
  if (const XmlElement* element = fields.Find("DeleteRetentionPolicy")) {
    BG_CHECK(SetDeleteRetention(properties, *element));
  }
  if (const XmlElement* element = fields.Find("StaticWebsite")) {
    BG_TRY(properties.static_website, ParseStaticWebsite(*element));
  }
  if (const XmlElement* element = fields.Find("DefaultServiceVersion")) {
    BG_TRY(properties.default_service_version, ParseVersion(*element));
  }
  return {};
}

void WriteRetention(XmlWriter& xml, const RetentionPolicy& policy) {
  xml.Open("RetentionPolicy");
  xml.Flag("Enabled", policy.enabled);
  if (policy.days) xml.Element("Days", *policy.days);
  xml.Close("RetentionPolicy");
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

void WriteMetrics(XmlWriter& xml, std::string_view name, const MetricsProperties& metrics) {
  xml.Open(name);
  xml.Element("Version", metrics.version);
  xml.Flag("Enabled", metrics.enabled);
  if (metrics.include_apis) xml.Flag("IncludeAPIs", *metrics.include_apis);
  WriteRetention(xml, metrics.retention);
  xml.Close(name);
}

void WriteDeleteRetention(XmlWriter& xml, const ServiceProperties& properties) {
  xml.Open("DeleteRetentionPolicy");
  xml.Flag("Enabled", properties.delete_retention.enabled);
  xml.Flag("AllowPermanentDelete", properties.allow_permanent_delete);
  if (properties.delete_retention.days) xml.Element("Days", *properties.delete_retention.days);
  xml.Close("DeleteRetentionPolicy");
}

void WriteStaticWebsite(XmlWriter& xml, const StaticWebsite& website) {
  xml.Open("StaticWebsite");
  xml.Flag("Enabled", website.enabled);
  xml.ElementIfSet("IndexDocument", website.index_document);
  xml.ElementIfSet("DefaultIndexDocumentPath", website.default_index_document_path);
  xml.ElementIfSet("ErrorDocument404Path", website.error_document_404_path);
  xml.Close("StaticWebsite");
}

}  // namespace

Outcome<ServiceProperties> MergeServiceProperties(ServiceProperties stored, std::string_view body) {
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "StorageServiceProperties"));
  BG_TRY(const XmlFields fields,
         XmlFields::Of(document.root(),
                       {"Logging", "HourMetrics", "MinuteMetrics", "Cors", "DeleteRetentionPolicy",
                        "StaticWebsite", "DefaultServiceVersion"}));
  BG_CHECK(Apply(stored, fields));
  return stored;
}

std::string RenderServiceProperties(const ServiceProperties& properties) {
  XmlWriter xml;
  xml.Open("StorageServiceProperties");
  WriteLogging(xml, properties.logging);
  WriteMetrics(xml, "HourMetrics", properties.hour_metrics);
  WriteMetrics(xml, "MinuteMetrics", properties.minute_metrics);
  WriteCorsRules(xml, properties.cors);
  WriteDeleteRetention(xml, properties);
  WriteStaticWebsite(xml, properties.static_website);
  xml.ElementIfSet("DefaultServiceVersion", properties.default_service_version);
  xml.Close("StorageServiceProperties");
  return std::move(xml).Take();
}

}  // namespace blobgate::azure
