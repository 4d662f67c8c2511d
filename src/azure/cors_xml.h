// The Cors element of the service properties (operations.md 2.1, 4.2).
#pragma once

#include <vector>

#include "azure/cors.h"
#include "azure/xml_reader.h"
#include "azure/xml_writer.h"

namespace blobgate::azure {

/// Children of `element` as rules; none turns CORS off. 400 InvalidXmlDocument past a limit (5
/// rules, 64 origins, 64 literal and 2 prefixed header entries of 256 characters, 2 KiB in all),
/// MissingRequiredXmlNode, UnsupportedXmlNode, InvalidXmlNodeValue.
Outcome<std::vector<CorsRule>> ParseCorsRules(const XmlElement& element);

void WriteCorsRules(XmlWriter& xml, const std::vector<CorsRule>& rules);

}  // namespace blobgate::azure
