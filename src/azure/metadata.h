// User metadata in headers (operations.md 1.7).
#pragma once

#include "azure/errors.h"
#include "azure/name_values.h"
#include "http/request_head.h"

namespace blobgate::azure {

/// Bytes of all names and values together.
inline constexpr std::size_t kMaxMetadataBytes = 8192;

/// The x-ms-meta-* headers, names without the prefix and in the case they were sent in, in the
/// order sent. A name sent more than once (whatever the case) is there once, as it was sent first,
/// its values joined by commas. Errors, all 400: EmptyMetadataKey; InvalidMetadata for a name that
/// is no identifier of letters, digits and `_` and for control characters in a value;
/// MetadataTooLarge.
Outcome<NameValues> ParseMetadata(const http::HeaderView& headers);

/// Appends one x-ms-meta-NAME header for each.
void AppendMetadataHeaders(const NameValues& metadata, NameValues& headers);

/// Metadata values are header text, which may be ISO-8859-1: as UTF-8, for XML. Text that is UTF-8
/// already stays as it is.
std::string MetadataValueAsUtf8(std::string_view value);

}  // namespace blobgate::azure
