#include "gateway/container_access.h"

#include "operations/blob_store.h"

namespace blobgate::gateway {
namespace {

std::vector<auth::StoredPolicy> PoliciesOf(const blob::ContainerRecord& record) {
  std::vector<auth::StoredPolicy> out;
  for (const auto& p : record.policies) {
    out.push_back({.id = p.id, .start = p.start, .expiry = p.expiry, .permission = p.permission});
  }
  return out;
}

auth::Access AccessOf(const blob::ContainerRecord& record) {
  switch (record.access) {
    case blob::ContainerAccess::kBlob:
      return auth::Access::kBlob;
    case blob::ContainerAccess::kContainer:
      return auth::Access::kContainer;
    case blob::ContainerAccess::kPrivate:
      break;
  }
  return auth::Access::kPrivate;
}

}  // namespace

Task<azure::Outcome<auth::Access>> CompleteCredential(operations::Services& services,
                                                      const AccountEntry* account,
                                                      const azure::Resource& resource,
                                                      auth::Credential& credential, Time now) {
  const bool anonymous = credential.kind == auth::Credential::Kind::kAnonymous;
  if (resource.container.empty() || (!anonymous && credential.policy_id.empty())) {
    co_return auth::Access::kPrivate;
  }
  if (anonymous && account != nullptr && !account->settings.public_access) {
    co_return auth::Access::kForbidden;
  }
  auto loaded = co_await operations::LoadContainer(services, resource.account, resource.container);
  if (!loaded && loaded.error().code != azure::ErrorCode::kContainerNotFound) {
    co_return azure::Fail(std::move(loaded).error());
  }
  const blob::ContainerRecord none;
  const blob::ContainerRecord& record = loaded ? (*loaded)->record : none;
  if (!credential.policy_id.empty()) {
    BG_CO_CHECK(auth::ApplyPolicy(credential, PoliciesOf(record), now));
  }
  co_return AccessOf(record);
}

}  // namespace blobgate::gateway
