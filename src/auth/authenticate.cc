// Which scheme a request uses (auth.md section 1).
#include "auth/account_sas.h"
#include "auth/credential.h"
#include "auth/failure.h"
#include "auth/sas_common.h"
#include "auth/service_sas.h"
#include "auth/shared_key.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

azure::Outcome<Credential> ByHeader(std::string_view header, const http::RequestHead& head,
                                    const azure::Resource& resource, const AccountKeys* account,
                                    Time now) {
  const std::size_t blank = header.find(' ');
  const std::string_view scheme = header.substr(0, blank);
  if (EqualsIgnoreCase(scheme, "Bearer")) return azure::Fail(BearerRefused());
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
                                 const AccountKeys* account, Time now) {
  if (account == nullptr) return azure::Fail(AuthenticationFailed({}));
  const auto fields = SasFields::Read(head.query);
  if (!fields || !fields->skoid.empty()) return azure::Fail(SasNotWellFormed());
  const bool is_account_sas = !fields->ss.empty() || !fields->srt.empty();
  if (is_account_sas) return CheckAccountSas(*fields, head, *account, now);
  return CheckServiceSas(*fields, head, resource, *account, now);
}

}  // namespace

azure::Outcome<Credential> Authenticate(const http::RequestHead& head,
                                        const azure::Resource& resource, const AccountKeys* account,
                                        Time now) {
  if (const auto header = head.headers.Find("authorization")) {
    if (head.headers.Count("authorization") > 1) {
      return azure::Fail(azure::ErrorCode::kInvalidAuthenticationInfo);
    }
    return ByHeader(*header, head, resource, account, now);
  }
  if (head.query.Has("sig")) return BySas(head, resource, account, now);
  if (account == nullptr) return azure::Fail(azure::ErrorCode::kResourceNotFound);
  return Credential{};
}

}  // namespace blobgate::auth
