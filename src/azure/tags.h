// Blob index tags: the x-ms-tags header and the Tags document (operations.md 1.7).
#pragma once

#include <string>
#include <string_view>

#include "azure/errors.h"
#include "azure/name_values.h"
#include "azure/xml_writer.h"

namespace blobgate::azure {

inline constexpr std::size_t kMaxTags = 10;
inline constexpr std::size_t kMaxTagKey = 128;
inline constexpr std::size_t kMaxTagValue = 256;

/// Sorts `tags` by key and checks them. Errors, all 400: TagsTooLarge for more than kMaxTags or an
/// overlong key or value, EmptyTagName, DuplicateTagNames, InvalidTag for characters other than
/// letters, digits, space and `+ - . / : = _`.
Outcome<NameValues> CheckTags(NameValues tags);

/// `k1=v1&k2=v2`, URL-encoded as a form (`+` is a space); "" is no tags. 400 InvalidTag for a pair
/// without `=` or a bad escape; the errors of CheckTags.
Outcome<NameValues> ParseTagsHeader(std::string_view value);

/// The body of Set Blob Tags. 400 InvalidXmlDocument, UnsupportedXmlNode, MissingRequiredXmlNode;
/// the errors of CheckTags.
Outcome<NameValues> ParseTagsXml(std::string_view body);

/// The answer of Get Blob Tags.
std::string RenderTagsXml(const NameValues& tags);

/// The element Tags alone, as it stands in listings.
void WriteTags(XmlWriter& xml, const NameValues& tags);

}  // namespace blobgate::azure
