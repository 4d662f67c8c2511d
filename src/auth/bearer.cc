#include "auth/bearer.h"

#include <utility>

#include "auth/failure.h"
#include "auth/sas_common.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

constexpr std::string_view kScheme = "Bearer";
constexpr std::string_view kFirstVersion = "2017-11-09";

bool IsLoopback(std::string_view peer) {
  return MatchesIpRange("127.0.0.0-127.255.255.255", peer) == true ||
         MatchesIpRange("::1", peer) == true;
}

}  // namespace

std::optional<std::string_view> BearerTokenOf(std::string_view authorization) {
  const std::string_view scheme = authorization.substr(0, authorization.find(' '));
  if (!EqualsIgnoreCase(scheme, kScheme)) return std::nullopt;
  return Trim(authorization.substr(scheme.size()));
}

azure::Outcome<void> CheckBearerTransport(const http::RequestHead& head) {
  if (!head.secure && !IsLoopback(head.peer)) {
    return azure::Fail(
        AuthenticationFailed("Authentication scheme Bearer is not allowed with HTTP."));
  }
  const auto version = head.headers.Find("x-ms-version");
  if (version && *version < kFirstVersion) {
    return azure::Fail(
        AuthenticationFailed("Authentication scheme Bearer is not supported in this version."));
  }
  return {};
}

azure::Outcome<Credential> CheckBearer(std::string_view token, const http::RequestHead& head,
                                       const AccountKeys& account, Time now, const OAuth* oauth) {
  if (oauth == nullptr) {
    return azure::Fail(
        BearerRefused("Issuer validation failed. Issuer did not match.", BearerChallenge()));
  }
  BG_CHECK(CheckBearerTransport(head));
  BG_TRY(Bearer bearer, oauth->Verify(token, account.name, now));
  Credential credential;
  credential.kind = Credential::Kind::kBearer;
  credential.grants = oauth->GrantsOf(bearer.principal, account.name);
  credential.oid = std::move(bearer.principal.oid);
  credential.tid = std::move(bearer.principal.tid);
  credential.groups = std::move(bearer.principal.groups);
  credential.challenge = oauth->challenge();
  return credential;
}

}  // namespace blobgate::auth
