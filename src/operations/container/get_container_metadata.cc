// Get Container Metadata, GET or HEAD (operations.md 2.7).
#include "operations/blob_headers.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetContainerMetadata(Call& call) {
  BG_CO_TRY(auto container, co_await LoadForContainerOperation(call));
  http::Response response;
  response.status = 200;
  SetContainerEtag(response, container->record);
  SetMetadataHeaders(response, container->record.metadata);
  co_return response;
}

}  // namespace blobgate::operations
