// Get Blob Properties: HEAD on a blob (operations.md 2.3). Ranges are ignored; archived blobs are
// as good as others.
#include "operations/blob/blob_access.h"
#include "operations/blob_headers.h"
#include "operations/encryption.h"
#include "operations/handlers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetBlobProperties(Call& call) {
  BG_CO_TRY(const auto given, ParseCustomerKey(call));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  BG_CO_TRY(auto target, co_await LoadForRead(call, conditions));
  BG_CO_CHECK(OpenRecord(call, given, *target.blob));
  http::Response response;
  response.status = 200;
  response.content_length = target.blob->length;
  SetBlobHeaders(response, call, *target.blob, BlobAnswer::kProperties);
  co_return response;
}

}  // namespace blobgate::operations
