// Blob service properties: what Set Blob Service Properties changes, Get answers, and the catalog
// keeps as the XML of the answer (operations.md 2.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "azure/cors.h"
#include "azure/errors.h"

namespace blobgate::azure {

struct RetentionPolicy {
  bool enabled = false;
  std::optional<std::uint32_t> days;  ///< 1..365 while enabled
  bool operator==(const RetentionPolicy&) const = default;
};

struct LoggingProperties {
  std::string version = "1.0";
  bool read = false, write = false, remove = false;
  RetentionPolicy retention;
  bool operator==(const LoggingProperties&) const = default;
};

struct MetricsProperties {
  std::string version = "1.0";
  bool enabled = false;
  std::optional<bool> include_apis;  ///< present while enabled
  RetentionPolicy retention;
  bool operator==(const MetricsProperties&) const = default;
};

struct StaticWebsite {
  bool enabled = false;
  std::string index_document;
  std::string default_index_document_path;
  std::string error_document_404_path;
  bool operator==(const StaticWebsite&) const = default;
};

/// The defaults are those of an account nobody has changed.
struct ServiceProperties {
  LoggingProperties logging;
  MetricsProperties hour_metrics;
  MetricsProperties minute_metrics;
  std::vector<CorsRule> cors;
  RetentionPolicy delete_retention;
  bool allow_permanent_delete = false;
  StaticWebsite static_website;
  std::string default_service_version;  ///< empty: not set
  bool operator==(const ServiceProperties&) const = default;
};

/// What a service version looks like: "2021-04-10". Any date will do.
bool IsVersionDate(std::string_view text);

/// `stored` with the elements that `body` has; each replaces the whole setting. Errors, all 400:
/// InvalidXmlDocument (syntax, retention days, CORS limits), UnsupportedXmlNode,
/// MissingRequiredXmlNode, InvalidXmlNodeValue.
Outcome<ServiceProperties> MergeServiceProperties(const ServiceProperties& stored,
                                                  std::string_view body);
/// Reads back what RenderServiceProperties wrote.
Outcome<ServiceProperties> DecodeServiceProperties(std::string_view stored);

/// The answer of Get Blob Service Properties.
std::string RenderServiceProperties(const ServiceProperties& properties);

}  // namespace blobgate::azure
