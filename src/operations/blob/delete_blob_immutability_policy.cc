// Delete Blob Immutability Policy (operations.md 1.18, 2.3): unlocked policies only. It may be done
// where policies can no longer be set.
#include <utility>

#include "blob/immutability.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> DeleteBlobImmutabilityPolicy(Call& call) {
  BlobChange change = [](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
    blob::BlobRecord record = *target.blob;
    BG_TRY(record.immutability, blob::DeletePolicy(record.immutability));
    return record;
  };
  BG_CO_CHECK(co_await UpdateState(call, std::move(change)));
  http::Response response;
  response.status = 200;
  co_return response;
}

}  // namespace blobgate::operations
