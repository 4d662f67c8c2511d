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
  BG_CO_TRY(const auto headers, azure::MatchPreflight(stored.properties->cors, call.headers()));
  http::Response response;
  response.status = 200;
  for (const auto& [name, value] : headers) response.headers.AddChecked(name, value);
  co_return response;
}

}  // namespace blobgate::operations
