#include "server/account_registry.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "server/account_file.h"
#include "server/adapters.h"
#include "server/lifecycle_policies.h"

namespace blobgate::server {
namespace {

using Accounts = std::vector<config::AccountConfig>;

template <class List>
auto FindIn(List& accounts, std::string_view name) {
  return std::ranges::find(accounts, name, &config::AccountConfig::name);
}

bool Has(const Accounts& accounts, std::string_view name) {
  return FindIn(accounts, name) != accounts.end();
}

std::string Quoted(std::string_view name) {
  return "account \"" + std::string(name) + "\"";
}

std::string FileOf(const config::Config& config) {
  return config.file.empty() ? "the configuration" : "the configuration file " + config.file;
}

void LogAll(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) spdlog::warn("{}", warning);
}

}  // namespace

struct AccountRegistry::Built {
  std::shared_ptr<gateway::AccountTable> table;
  operations::ScopeKeys scopes;
  AccountEncryption::Plan encryption;
  std::vector<std::string> warnings;
};

Result<AccountRegistry::Built> AccountRegistry::Build(const config::Config& config,
                                                      const Accounts& made) const {
  for (const auto& account : made) {
    if (Has(config.accounts, account.name)) {
      return Fail(Errc::kConflict, Quoted(account.name) + " is in " + FileOf(config) +
                                       " and was made by command as well (" +
                                       AccountFileOf(config.engine.data_dir) + ")");
    }
  }
  config::Config all = config;
  all.accounts.insert(all.accounts.end(), made.begin(), made.end());
  BG_CHECK(config::Check(all));
  BG_TRY(const auto policies, LoadLifecyclePolicies(all));
  Built built;
  BG_TRY(built.scopes, ScopesOf(all));
  BG_TRY(built.encryption, encryption_->Prepare(all));
  built.table = AccountsOf(all, policies);
  built.warnings = config::Warnings(all);
  return built;
}

AccountRegistry::AccountRegistry(config::Config config, Accounts made)
    : config_(std::move(config)),
      made_(std::move(made)),
      accounts_(std::make_unique<gateway::Accounts>(AccountsOf({}, {}))),
      scopes_(std::make_shared<operations::EncryptionScopes>()),
      encryption_(std::make_unique<AccountEncryption>(config_.engine.data_dir, scopes_)) {}

Result<std::unique_ptr<AccountRegistry>> AccountRegistry::Open(const config::Config& config) {
  BG_TRY(Accounts made, LoadAccountFile(AccountFileOf(config.engine.data_dir)));
  std::unique_ptr<AccountRegistry> registry(new AccountRegistry(config, std::move(made)));
  BG_TRY(Built built, registry->Build(config, registry->made_));
  LogAll(built.warnings);
  registry->Publish(std::move(built));
  return registry;
}

std::vector<ListedAccount> AccountRegistry::List() const {
  std::vector<ListedAccount> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& account : config_.accounts) out.push_back({account, false});
    for (const auto& account : made_) out.push_back({account, true});
  }
  std::ranges::sort(out, {}, [](const ListedAccount& listed) { return listed.account.name; });
  return out;
}

Result<ListedAccount> AccountRegistry::Find(std::string_view name) const {
  for (auto& listed : List()) {
    if (listed.account.name == name) return std::move(listed);
  }
  return Fail(Errc::kNotFound, "there is no " + Quoted(name));
}

// REQUIRES: the lock, here and in the two below.
Result<Accounts::iterator> AccountRegistry::Made(Accounts& made, std::string_view name) const {
  if (Has(config_.accounts, name)) {
    return Fail(Errc::kInvalidArgument, Quoted(name) + " is in " + FileOf(config_) +
                                            ": change it there, and reload the daemon");
  }
  const auto found = FindIn(made, name);
  if (found == made.end()) return Fail(Errc::kNotFound, "there is no " + Quoted(name));
  return found;
}

Status AccountRegistry::Keep(Accounts made) {
  BG_TRY(Built built, Build(config_, made));
  BG_CHECK(SaveAccountFile(AccountFileOf(config_.engine.data_dir), made));
  made_ = std::move(made);
  Publish(std::move(built));
  return {};
}

// Keys first: who finds a new account finds its keys.
void AccountRegistry::Publish(Built built) {
  scopes_->Replace(std::move(built.scopes));
  encryption_->Use(std::move(built.encryption));
  accounts_->Replace(std::move(built.table));
}

Status AccountRegistry::Add(config::AccountConfig account) {
  {
    const std::lock_guard lock(mutex_);
    if (Has(config_.accounts, account.name)) {
      return Fail(Errc::kConflict, Quoted(account.name) + " is in " + FileOf(config_));
    }
    if (Has(made_, account.name)) {
      return Fail(Errc::kConflict, "there is an " + Quoted(account.name) + " already");
    }
    Accounts made = made_;
    made.push_back(std::move(account));
    BG_CHECK(Keep(std::move(made)));
  }
  if (changed_) changed_();
  return {};
}

Result<config::AccountConfig> AccountRegistry::Change(
    std::string_view name, const std::function<Status(config::AccountConfig&)>& change) {
  config::AccountConfig out;
  {
    const std::lock_guard lock(mutex_);
    Accounts made = made_;
    BG_TRY(const auto found, Made(made, name));
    BG_CHECK(change(*found));
    found->name = name;
    out = *found;
    BG_CHECK(Keep(std::move(made)));
  }
  if (changed_) changed_();
  return out;
}

Status AccountRegistry::Remove(std::string_view name) {
  {
    const std::lock_guard lock(mutex_);
    Accounts made = made_;
    BG_TRY(const auto found, Made(made, name));
    made.erase(found);
    BG_CHECK(Keep(std::move(made)));
  }
  if (changed_) changed_();
  return {};
}

Status AccountRegistry::Reconfigure(const config::Config& next) {
  {
    const std::lock_guard lock(mutex_);
    BG_TRY(Built built, Build(next, made_));
    LogAll(built.warnings);
    config_ = next;
    Publish(std::move(built));
  }
  if (changed_) changed_();
  return {};
}

}  // namespace blobgate::server
