// Which scheme a request uses (auth.md section 1).
#include "auth/account_sas.h"
#include "auth/bearer.h"
#include "auth/credential.h"
#include "auth/delegation_sas.h"
#include "auth/failure.h"
#include "auth/sas_common.h"
#include "auth/service_sas.h"
#include "auth/shared_key.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

azure::Outcome<Credential> BySharedKey(std::string_view header, const http::RequestHead& head,
                                       const azure::Resource& resource, const AccountKeys* account,
                                       Time now) {
  const std::string_view scheme = header.substr(0, header.find(' '));
  SharedKeyClaim claim;
  claim.lite = EqualsIgnoreCase(scheme, "SharedKeyLite");
  if (!claim.lite && !EqualsIgnoreCase(scheme, "SharedKey")) {
    return azure::Fail(azure::ErrorCode::kInvalidAuthenticationInfo);
  }
  const std::string_view claimed = Trim(header.substr(scheme.size()));
  const std::size_t colon = claimed.find(':');
  if (colon == claimed.npos || colon == 0 || colon + 1 == claimed.size()) {
    return azure::Fail(azure::ErrorCode::kInvalidAuthenticationInfo);
  }
  if (account == nullptr) return azure::Fail(AuthenticationFailed({}));
  claim.account = claimed.substr(0, colon);
  claim.signature = claimed.substr(colon + 1);
  return CheckSharedKey(claim, head, resource, *account, now);
}

azure::Outcome<Credential> BySas(const http::RequestHead& head, const azure::Resource& resource,
                                 const AccountKeys* account, Time now, const OAuth* oauth,
                                 const Credential* user) {
  if (account == nullptr) return azure::Fail(AuthenticationFailed({}));
  const auto fields = SasFields::Read(head.query);
  if (!fields) return azure::Fail(SasNotWellFormed());
  if (!fields->skoid.empty()) {
    return CheckDelegationSas(*fields, head, resource, *account, now, oauth, user);
  }
  const bool is_account_sas = !fields->ss.empty() || !fields->srt.empty();
  if (is_account_sas) return CheckAccountSas(*fields, head, *account, now);
  return CheckServiceSas(*fields, head, resource, *account, now);
}

// A token stands for its bearer, unless a SAS beside it was made for that bearer only (sduoid).
azure::Outcome<Credential> ByBearer(std::string_view token, const http::RequestHead& head,
                                    const azure::Resource& resource, const AccountKeys* account,
                                    Time now, const OAuth* oauth) {
  if (account == nullptr) return azure::Fail(AuthenticationFailed({}));
  BG_TRY(Credential user, CheckBearer(token, head, *account, now, oauth));
  user.list_prefix = azure::ListedPrefix(head, resource);
  const bool has_sas = head.query.Has("sig") && !head.query.Get("sduoid").empty();
  if (!has_sas) return user;
  return BySas(head, resource, account, now, oauth, &user);
}

azure::Outcome<Credential> ByWhatIsSent(const http::RequestHead& head,
                                        const azure::Resource& resource, const AccountKeys* account,
                                        Time now, const OAuth* oauth) {
  if (const auto header = head.headers.Find("authorization")) {
    if (head.headers.Count("authorization") > 1) {
      return azure::Fail(azure::ErrorCode::kInvalidAuthenticationInfo);
    }
    if (const auto token = BearerTokenOf(*header)) {
      return ByBearer(*token, head, resource, account, now, oauth);
    }
    return BySharedKey(*header, head, resource, account, now);
  }
  if (head.query.Has("sig")) return BySas(head, resource, account, now, oauth, nullptr);
  if (account == nullptr) return azure::Fail(azure::ErrorCode::kResourceNotFound);
  Credential nobody;
  if (oauth != nullptr) nobody.challenge = oauth->challenge();
  return nobody;
}

bool IsByAccountKey(Credential::Kind kind) {
  using enum Credential::Kind;
  return kind == kSharedKey || kind == kAccountSas || kind == kServiceSas;
}

}  // namespace

azure::Outcome<Credential> Authenticate(const http::RequestHead& head,
                                        const azure::Resource& resource, const AccountKeys* account,
                                        Time now, const OAuth* oauth) {
  azure::Outcome<Credential> outcome = ByWhatIsSent(head, resource, account, now, oauth);
  if (outcome && IsByAccountKey(outcome->kind) && !account->shared_key_access) {
    return azure::Fail(azure::ErrorCode::kKeyBasedAuthenticationNotPermitted);
  }
  return outcome;
}

}  // namespace blobgate::auth
