// Get Account Information, on account, container and blob URLs (operations.md 2.1).
#include "operations/handlers.h"

namespace blobgate::operations {

// The container and the blob are not looked at: AzCopy asks on URLs that do not exist yet
// (azcopy.md part 0, 5).
Task<azure::Outcome<http::Response>> GetAccountInformation(Call& call) {
  http::Response response;
  response.status = 200;
  response.Set("x-ms-sku-name", call.account.sku);
  response.Set("x-ms-account-kind", call.account.kind);
  response.Set("x-ms-is-hns-enabled", call.account.hierarchical ? "true" : "false");
  co_return response;
}

}  // namespace blobgate::operations
