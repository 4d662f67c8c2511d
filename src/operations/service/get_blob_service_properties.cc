// Get Blob Service Properties (operations.md 2.1).
#include <utility>

#include "operations/handlers.h"
#include "operations/service/service_properties.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetBlobServiceProperties(Call& call) {
  BG_CO_TRY(const auto stored,
            co_await LoadServiceProperties(call.services, call.resource.account));
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  response.text = azure::RenderServiceProperties(*stored.properties);
  co_return response;
}

}  // namespace blobgate::operations
