// The response headers that describe a blob: Get Blob, Get Blob Properties, Get Blob Metadata
// (operations.md 2.3).
#pragma once

#include <cstdint>
#include <string_view>

#include "blob/records.h"
#include "operations/call.h"

namespace blobgate::operations {

enum class BlobAnswer : std::uint8_t {
  kWhole,       ///< Get Blob, 200
  kRange,       ///< Get Blob, 206: the blob's MD5 goes to x-ms-blob-content-md5
  kProperties,  ///< HEAD: tier headers in every version
  kQuery,       ///< Query Blob Contents: the properties of the content are not those of the body
};

/// Adds every header that the operation's list has and that applies to `record` at call.now, but
/// not Content-Length, Content-Range and the hashes of a range. The SAS's overrides replace what is
/// stored.
void SetBlobHeaders(http::Response& response, const Call& call, const blob::BlobRecord& record,
                    BlobAnswer answer);

/// "BlockBlob", "AppendBlob", "PageBlob".
std::string_view BlobTypeName(blob::BlobType type);
/// "pending" and so on; empty when there was no copy.
std::string_view CopyStatusName(blob::CopyState::Status status);

/// The metadata by which the Blob face shows a directory of a hierarchical container; it is not
/// stored.
inline constexpr std::string_view kFolderMark = "hdi_isfolder";

/// The metadata of a blob, as the face of the call has it: x-ms-meta-NAME or x-ms-properties.
void SetUserMetadata(http::Response& response, const Call& call, const blob::BlobRecord& record);

/// x-ms-meta-NAME for each pair, names in the case they were stored with.
void SetMetadataHeaders(http::Response& response, const blob::Metadata& metadata);

}  // namespace blobgate::operations
