#include "gateway/cors.h"

#include "azure/cors.h"
#include "base/log.h"
#include "operations/service/service_properties.h"

namespace blobgate::gateway {

bool HasNoCorsRules(const operations::Services& services, std::string_view account) {
  const auto recent = services.properties->Recent(account, services.clock.Now());
  return recent && recent->cors.empty();
}

Task<azure::NameValues> CorsHeaders(operations::Services& services, std::string_view account,
                                    const http::RequestHead& head, const http::Response& response,
                                    std::string_view request_id) {
  auto stored = co_await operations::RecentServiceProperties(services, account);
  if (!stored) {
    const RequestLogScope scope(request_id);
    spdlog::error("account {}: service properties cannot be read: {}", account,
                  stored.error().cause());
    co_return azure::NameValues();
  }
  const auto& rules = (*stored)->cors;
  if (rules.empty()) co_return azure::NameValues();
  azure::NameValues sent(response.headers.begin(), response.headers.end());
  sent.emplace_back("Content-Length", "");  // which the connection adds
  co_return azure::MatchActual(rules, head.method, head.headers, sent);
}

}  // namespace blobgate::gateway
