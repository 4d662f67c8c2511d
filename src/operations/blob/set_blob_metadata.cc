// Set Blob Metadata: replaces all metadata of a blob; none sent clears it (operations.md 2.3).
#include <utility>

#include "azure/metadata.h"
#include "operations/blob/blob_access.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> SetBlobMetadata(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_TRY(const auto keys, ParseKeyRequest(call));
  BG_CO_TRY(const auto metadata, azure::ParseMetadata(call.headers()));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    BG_TRY(auto lease, CheckUpdate(call, target, conditions));
    blob::BlobRecord record = *target.blob;
    record.lease = std::move(lease);
    BG_TRY(const auto key, KeyOfUpdate(call, record.encryption, keys));
    PutItemMetadata(key, metadata, record);
    MarkModified(call, record);
    return record;
  };
  BG_CO_TRY(const auto record, co_await UpdateBlob(call, std::move(change), Former::kVersion));
  http::Response response;
  response.status = 200;
  SetEtag(response, record.etag, record.modified);
  SetVersionId(response, record);
  SetWriteEncryption(response, record.encryption);
  co_return response;
}

}  // namespace blobgate::operations
