// Stored access policies (auth.md section 6).
#include <algorithm>

#include "auth/credential.h"
#include "auth/failure.h"
#include "auth/sas_common.h"
#include "auth/sas_resource.h"

namespace blobgate::auth {
namespace {

azure::Outcome<void> CheckFields(const Credential& credential, const StoredPolicy& policy) {
  if ((credential.has_start && !policy.start.empty()) ||
      (credential.has_expiry && !policy.expiry.empty()) ||
      (credential.has_permission && !policy.permission.empty())) {
    return azure::Fail(AuthenticationFailed(
        "Access policy fields can be associated with signature or SAS identifier but not both"));
  }
  if (!credential.has_expiry && policy.expiry.empty()) {
    return azure::Fail(
        AuthenticationFailed("Signed expiry must be specified in signature or SAS identifier"));
  }
  if (!credential.has_permission && policy.permission.empty()) {
    return azure::Fail(
        AuthenticationFailed("Signed permission must be specified in signature or SAS identifier"));
  }
  return {};
}

}  // namespace

azure::Outcome<void> ApplyPolicy(Credential& credential, const std::vector<StoredPolicy>& policies,
                                 Time now) {
  if (credential.policy_id.empty()) return {};
  const auto policy = std::ranges::find(policies, credential.policy_id, &StoredPolicy::id);
  if (policy == policies.end()) {
    return azure::Fail(AuthenticationFailed("Signed identifier not found"));
  }
  BG_CHECK(CheckFields(credential, *policy));
  BG_CHECK(CheckTimeWindow(policy->start, policy->expiry, now));
  if (!credential.has_permission) {
    credential.letters = LettersFor(credential.signed_resource, policy->permission);
  }
  credential.policy_id.clear();
  return {};
}

}  // namespace blobgate::auth
