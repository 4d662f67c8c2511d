#include "gateway/cors.h"

#include "azure/cors.h"
#include "base/log.h"
#include "operations/service/service_properties.h"

namespace blobgate::gateway {

Task<azure::NameValues> CorsHeaders(operations::Services& services, std::string_view account,
                                    const http::RequestHead& head, const http::Response& response) {
  auto stored = co_await operations::LoadServiceProperties(services, account);
  if (!stored) {
    spdlog::error("account {}: service properties cannot be read: {}", account,
                  stored.error().cause);
    co_return azure::NameValues();
  }
  co_return azure::MatchActual(stored->properties.cors, head.method, head.headers,
                               response.headers);
}

}  // namespace blobgate::gateway
