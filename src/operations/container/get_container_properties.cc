// Get Container Properties, GET or HEAD (operations.md 2.2).
#include <string>
#include <utility>

#include "operations/blob_headers.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetContainerProperties(Call& call) {
  BG_CO_TRY(auto container, co_await LoadForContainerOperation(call));
  const blob::ContainerRecord& record = container->record;
  http::Response response;
  response.status = 200;
  SetContainerEtag(response, record);
  SetMetadataHeaders(response, record.metadata);
  SetLeaseState(response, record.lease, call.now);
  SetPublicAccess(response, record.access);
  response.Set("x-ms-has-immutability-policy", "false");
  response.Set("x-ms-has-legal-hold", "false");
  response.Set("x-ms-default-encryption-scope", record.default_encryption_scope.empty()
                                                    ? "$account-encryption-key"
                                                    : record.default_encryption_scope);
  response.Set("x-ms-deny-encryption-scope-override",
               record.deny_encryption_scope_override ? "true" : "false");
  response.Set("x-ms-immutable-storage-with-versioning-enabled",
               call.account.IsImmutable(call.resource.container) ? "true" : "false");
  co_return response;
}

}  // namespace blobgate::operations
