// Get Blob Metadata: GET or HEAD with comp=metadata; ETag, Last-Modified and the metadata, no body
// (operations.md 2.3, 2.7).
#include "operations/blob/blob_access.h"
#include "operations/blob_headers.h"
#include "operations/encryption.h"
#include "operations/handlers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetBlobMetadata(Call& call) {
  BG_CO_TRY(const auto given, ParseCustomerKey(call));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  BG_CO_TRY(auto target, co_await LoadForRead(call, conditions));
  BG_CO_CHECK(OpenRecord(call, given, *target.blob));
  http::Response response;
  response.status = 200;
  SetEtag(response, target.blob->etag, target.blob->modified);
  SetUserMetadata(response, call, *target.blob);
  co_return response;
}

}  // namespace blobgate::operations
