#include "server/adapters.h"

#include <sys/stat.h>

#include <fstream>
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

Result<blob::ContentKeyPtr> ReadScopeKey(const config::EncryptionScopeConfig& scope) {
  const auto bad = [&scope](std::string_view what) {
    return Fail(Errc::kInvalidArgument, scope.key_file + ": " + std::string(what));
  };
  struct stat status{};
  std::ifstream file(scope.key_file);
  if (!file || stat(scope.key_file.c_str(), &status) != 0) return bad("cannot be read");
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return bad("must have mode 0600");
  std::string text;
  file >> text;
  auto key = Base64Decode(text);
  if (!key || key->size() != SecretKey::kSize) return bad("is not base64 of 32 bytes");
  return blob::NewScopeKey(scope.name, AsBytes(*key));
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
    entry.settings.version_level_immutability = account.version_level_immutability;
    entry.settings.immutable_containers = account.immutable_containers;
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

Result<std::shared_ptr<const operations::EncryptionScopes>> ScopesOf(const config::Config& config) {
  auto scopes = std::make_shared<operations::EncryptionScopes>();
  for (const auto& account : config.accounts) {
    for (const auto& scope : account.encryption_scopes) {
      BG_TRY(auto key, ReadScopeKey(scope));
      scopes->Add(account.name, std::move(key));
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
