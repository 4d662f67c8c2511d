// Get Filesystem Properties (operations.md 3.2).
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetFilesystemProperties(Call& call) {
  BG_CO_TRY(const auto container, co_await LoadForContainerOperation(call));
  http::Response response;
  response.status = 200;
  SetContainerEtag(response, container->record);
  response.Set("x-ms-properties", PathPropertiesText(container->record.metadata));
  response.Set("x-ms-namespace-enabled", container->record.hierarchical ? "true" : "false");
  SetLeaseState(response, container->record.lease, call.now);
  co_return response;
}

}  // namespace blobgate::operations
