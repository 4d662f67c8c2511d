#include "gateway/protocol_version.h"

#include "azure/service_properties.h"
#include "operations/service/service_properties.h"

namespace blobgate::gateway {

Task<azure::Outcome<std::string>> VersionOf(operations::Services& services,
                                            std::string_view account, const http::RequestHead& head,
                                            const auth::Credential& credential) {
  using azure::IsVersionDate;
  if (auto sent = head.headers.Find("x-ms-version")) {
    if (!IsVersionDate(*sent)) co_return azure::Fail(azure::InvalidHeader("x-ms-version", *sent));
    co_return std::string(*sent);
  }
  if (auto sent = head.query.Find("api-version"); sent && IsVersionDate(*sent)) {
    co_return std::string(*sent);
  }
  if (IsVersionDate(credential.sas_version)) co_return credential.sas_version;
  BG_CO_TRY(const auto stored, co_await operations::RecentServiceProperties(services, account));
  const std::string& fallback = stored->default_service_version;
  co_return fallback.empty() ? std::string(kDefaultVersion) : fallback;
}

}  // namespace blobgate::gateway
