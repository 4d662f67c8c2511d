// Set Path Properties: PATCH action=setProperties (operations.md 3.2).
#include <utility>

#include "operations/blob/blob_access.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/path/path_headers.h"
#include "operations/property_headers.h"

namespace blobgate::operations {

// Each of metadata and HTTP properties is replaced as a whole, when one of its headers was sent.
Task<azure::Outcome<http::Response>> SetPathProperties(Call& call) {
  if (call.resource.blob.empty()) co_return azure::Fail(azure::ErrorCode::kInvalidUri);
  BG_CO_TRY(const auto keys, ParseKeyRequest(call));
  BG_CO_TRY(const auto given, ParsePropertyHeaders(call.headers(), false, kPathPropertyPrefix));
  BG_CO_TRY(const auto metadata, ParsePathProperties(call.headers()));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  const bool has_metadata = call.headers().Has("x-ms-properties");
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    BG_TRY(auto lease, CheckUpdate(call, target, conditions));
    blob::BlobRecord record = *target.blob;
    record.lease = std::move(lease);
    if (has_metadata) {
      BG_TRY(const auto key, KeyOfUpdate(call, record.encryption, keys));
      PutItemMetadata(key, metadata, record);
    }
    if (given.any) record.properties = given.properties;
    MarkModified(call, record);
    return record;
  };
  BG_CO_TRY(const auto record, co_await UpdateBlob(call, std::move(change), Former::kVersion));
  http::Response response;
  response.status = 200;
  SetEtag(response, record.etag, record.modified);
  SetWriteEncryption(response, record.encryption);
  co_return response;
}

}  // namespace blobgate::operations
