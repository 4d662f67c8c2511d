#include "server/adapters.h"

#include <utility>

#include "azure/delegation_key.h"
#include "base/encoding.h"

namespace blobgate::server {
namespace {

std::vector<std::string> DelegationSecretsOf(const config::AccountConfig& account,
                                             const std::vector<std::string>& keys) {
  std::vector<std::string> out;
  for (const auto& secret : account.delegation_secrets) out.push_back(*Base64Decode(secret));
  if (!out.empty()) return out;
  for (const auto& key : keys) out.push_back(azure::DelegationSecretOf(key));
  return out;
}

}  // namespace

void IoBackground::Spawn(std::string_view, std::move_only_function<Task<void>()> task) {
  tasks_.Spawn(threads_.Next(), std::move(task));
}

gateway::Accounts AccountsOf(const config::Config& config, const LifecyclePolicies& policies) {
  std::vector<gateway::AccountEntry> entries;
  for (const auto& account : config.accounts) {
    gateway::AccountEntry entry;
    entry.keys.name = account.name;
    for (const auto& key : account.keys) entry.keys.keys.push_back(*Base64Decode(key));
    entry.keys.delegation_secrets = DelegationSecretsOf(account, entry.keys.keys);
    entry.settings.name = account.name;
    entry.settings.kind = account.kind;
    entry.settings.sku = account.sku;
    entry.settings.hierarchical = account.hierarchical;
    entry.settings.versioning = account.versioning;
    entry.settings.container_retention_days =
        static_cast<std::uint32_t>(account.container_delete_retention_days);
    entry.settings.change_feed = account.change_feed.enabled;
    entry.settings.change_feed_retention_days =
        static_cast<std::uint32_t>(account.change_feed.retention_days);
    entry.settings.last_access_tracking = account.last_access_time_tracking;
    if (const auto policy = policies.find(account.name); policy != policies.end()) {
      entry.settings.lifecycle = policy->second;
    }
    entries.push_back(std::move(entry));
  }
  return gateway::Accounts(std::move(entries));
}

net::Limits LimitsOf(const config::LimitConfig& config) {
  net::Limits limits;
  limits.max_connections = config.max_connections;
  limits.head_bytes = config.head_bytes;
  limits.head_timeout = config.head_timeout;
  limits.idle_timeout = config.idle_timeout;
  limits.body_timeout = config.body_timeout;
  return limits;
}

}  // namespace blobgate::server
