// Get Container ACL, GET or HEAD (operations.md 2.2).
#include <utility>

#include "azure/signed_identifiers.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetContainerAcl(Call& call) {
  BG_CO_TRY(auto container, co_await LoadForContainerOperation(call));
  std::vector<azure::SignedIdentifier> identifiers;
  for (const blob::AccessPolicy& policy : container->record.policies) {
    identifiers.push_back({policy.id, policy.start, policy.expiry, policy.permission});
  }
  http::Response response;
  response.status = 200;
  SetContainerEtag(response, container->record);
  SetPublicAccess(response, container->record.access);
  response.Set("Content-Type", "application/xml");
  response.text = azure::RenderSignedIdentifiers(identifiers);
  response.content_length = response.text.size();
  co_return response;
}

}  // namespace blobgate::operations
