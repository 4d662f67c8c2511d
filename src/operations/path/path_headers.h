// Headers of the dfs face: metadata, access control, expiry (operations.md part 3).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "blob/acl.h"
#include "blob/encryption.h"
#include "blob/records.h"
#include "operations/call.h"

namespace blobgate::operations {

/// x-ms-properties: `name1=base64,name2=base64`; empty when absent. 400 InvalidPropertyName, 400
/// InvalidHeaderValue (a value that is no base64, or holds control characters), 400
/// MetadataTooLarge.
azure::Outcome<blob::Metadata> ParsePathProperties(const http::HeaderView& headers);
/// x-ms-meta-* or x-ms-properties, by the face of the call.
azure::Outcome<blob::Metadata> RequestMetadata(const Call& call);
std::string PathPropertiesText(const blob::Metadata& metadata);

/// Do they say that the blob is a directory (hdi_isfolder: true)?
bool HasFolderMark(const blob::Metadata& metadata);
/// blob::PutMetadata without that mark for a directory, which shows it in any case. REQUIRES:
/// record.path.directory is set.
void PutItemMetadata(const blob::ContentKeyPtr& key, blob::Metadata metadata,
                     blob::BlobRecord& record);

/// x-ms-resource-type, x-ms-expiry-time and, on the dfs face, x-ms-owner, x-ms-group,
/// x-ms-permissions, x-ms-acl, x-ms-client-transaction-id. None for a blob of a flat container on
/// the Blob face.
void SetPathHeaders(http::Response& response, const Call& call, const blob::BlobRecord& record);
/// x-ms-owner, x-ms-group, x-ms-permissions, x-ms-acl.
void SetAccessHeaders(http::Response& response, const blob::PathState& path);

/// What a request wants of access control.
struct AccessRequest {
  std::optional<std::string> owner;
  std::optional<std::string> group;
  std::optional<blob::Mode> mode;   ///< x-ms-permissions
  std::optional<blob::Mode> umask;  ///< x-ms-umask
  std::optional<std::string> acl;   ///< x-ms-acl, not parsed yet: files have no default entries

  bool any() const { return owner || group || mode || umask || acl; }
};
/// 400 InvalidHeaderValue; x-ms-permissions and x-ms-acl exclude each other.
azure::Outcome<AccessRequest> ParseAccessRequest(const http::HeaderView& headers);

/// x-ms-client-transaction-id, by which a client that repeats a creation or rename finds out
/// whether the first try was done; empty when absent. 400 InvalidHeaderValue.
azure::Outcome<std::string> ParseTransactionId(const http::HeaderView& headers);

/// When a file made or changed at `now` ends: x-ms-expiry-option and x-ms-expiry-time. nullopt: not
/// asked for; zero: never. `created`: of the file. 400 MissingRequiredHeader, InvalidHeaderValue.
azure::Outcome<std::optional<Time>> ParseExpiry(const http::HeaderView& headers, Time now,
                                                Time created);

/// `position` of append and flush, bytes. 400 MissingRequiredQueryParameter,
/// InvalidQueryParameterValue.
azure::Outcome<std::uint64_t> ParsePosition(const http::Query& query);

/// `true` or `false` of the query, without case; `missing` when absent. 400
/// InvalidQueryParameterValue.
azure::Outcome<bool> ParseQueryFlag(const http::Query& query, std::string_view name, bool missing);

}  // namespace blobgate::operations
