#include "gateway/protocol_version.h"

#include "azure/service_properties.h"
#include "operations/service/service_properties.h"

namespace blobgate::gateway {

azure::Outcome<std::optional<std::string>> SentVersion(const http::RequestHead& head,
                                                       const auth::Credential& credential) {
  using azure::IsVersionDate;
  if (const auto sent = head.headers.Find("x-ms-version")) {
    if (!IsVersionDate(*sent)) return azure::Fail(azure::InvalidHeader("x-ms-version", *sent));
    return std::string(*sent);
  }
  if (const auto sent = head.query.Find("api-version"); sent && IsVersionDate(*sent)) {
    return std::string(*sent);
  }
  if (IsVersionDate(credential.sas_version)) return credential.sas_version;
  return std::nullopt;
}

Task<azure::Outcome<std::string>> VersionOfAccount(operations::Services& services,
                                                   std::string_view account) {
  BG_CO_TRY(const auto stored, co_await operations::RecentServiceProperties(services, account));
  const std::string& set = stored->default_service_version;
  co_return set.empty() ? std::string(kDefaultVersion) : set;
}

}  // namespace blobgate::gateway
