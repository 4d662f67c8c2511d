#include "server/adapters.h"

#include <utility>

#include "azure/delegation_key.h"
#include "base/encoding.h"
#include "server/key_file.h"

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

azure::AddressRules RulesOf(const config::Config& config) {
  azure::AddressRules rules;
  rules.suffixes = config.suffixes;
  rules.web_suffixes = config.web_suffixes;
  for (const auto& account : config.accounts) {
    for (const auto& host : account.website_hosts) rules.web_hosts.emplace_back(host, account.name);
  }
  return rules;
}

}  // namespace

void IoBackground::Spawn(std::string_view, std::move_only_function<Task<void>()> task) {
  tasks_.Spawn(threads_.Next(), std::move(task));
}

std::shared_ptr<gateway::AccountTable> AccountsOf(const config::Config& config,
                                                  const LifecyclePolicies& policies) {
  std::vector<gateway::AccountEntry> entries;
  for (const auto& account : config.accounts) {
    gateway::AccountEntry entry;
    entry.keys.name = account.name;
    for (const auto& key : account.keys) entry.keys.keys.push_back(*Base64Decode(key));
    entry.keys.delegation_secrets = DelegationSecretsOf(account, entry.keys.keys);
    entry.keys.shared_key_access = account.allow_shared_key_access;
    entry.gate = {.disabled = account.disabled, .https_only = account.https_only};
    entry.rates = {.requests = account.limits.requests_per_second,
                   .ingress_bytes = account.limits.ingress_bytes_per_second,
                   .egress_bytes = account.limits.egress_bytes_per_second};
    entry.settings.name = account.name;
    entry.settings.kind = account.kind;
    entry.settings.sku = account.sku;
    entry.settings.hierarchical = account.hierarchical;
    entry.settings.public_access = account.allow_blob_public_access;
    entry.settings.versioning = account.versioning;
    entry.settings.container_retention_days =
        static_cast<std::uint32_t>(account.container_delete_retention_days);
    entry.settings.version_level_immutability = account.version_level_immutability;
    entry.settings.immutable_containers = account.immutable_containers;
    entry.settings.change_feed = account.change_feed.enabled;
    entry.settings.change_feed_retention_days =
        static_cast<std::uint32_t>(account.change_feed.retention_days);
    entry.settings.encrypted = account.encryption.enabled;
    entry.settings.capacity_bytes = account.limits.capacity_bytes;
    entry.settings.last_access_tracking = account.last_access_time_tracking;
    if (const auto policy = policies.find(account.name); policy != policies.end()) {
      entry.settings.lifecycle = policy->second;
    }
    entries.push_back(std::move(entry));
  }
  return std::make_shared<gateway::AccountTable>(std::move(entries), RulesOf(config));
}

Result<operations::ScopeKeys> ScopesOf(const config::Config& config) {
  operations::ScopeKeys scopes;
  for (const auto& account : config.accounts) {
    for (const auto& scope : account.encryption_scopes) {
      BG_TRY(const std::string key, ReadKeyFile(scope.key_file));
      scopes.emplace(std::pair(account.name, scope.name),
                     blob::NewScopeKey(scope.name, AsBytes(key)));
    }
  }
  return scopes;
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
