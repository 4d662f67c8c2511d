// Preflight Blob Request: OPTIONS on any URL (operations.md 1.19).
#include <utility>

#include "azure/cors.h"
#include "operations/handlers.h"
#include "operations/service/service_properties.h"

namespace blobgate::operations {

// The rules belong to the account; the resource that the URL names is not looked at.
Task<azure::Outcome<http::Response>> PreflightBlobRequest(Call& call) {
  BG_CO_TRY(const auto stored,
            co_await LoadServiceProperties(call.services, call.resource.account));
  http::Response response;
  BG_CO_TRY(response.headers, azure::MatchPreflight(stored.properties->cors, call.headers()));
  response.status = 200;
  co_return response;
}

}  // namespace blobgate::operations
