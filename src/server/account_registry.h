// The accounts of a running daemon, and how they change without a restart.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "gateway/accounts.h"
#include "operations/encryption_scopes.h"
#include "server/account_encryption.h"

namespace blobgate::server {

struct ListedAccount {
  config::AccountConfig account;
  bool by_command = false;  ///< else of the configuration file
};

/// The accounts of the configuration file, and those made by command, which DATA_DIR/accounts.json
/// keeps. A change is checked as a whole, together with the configuration; then it is made durable;
/// then it is in force for every request that comes. On an error nothing has changed for requests;
/// which of the two files the next start finds is open only when it says that the directory could
/// not be synced (ReplaceFile). Any thread; changes wait for each other.
class AccountRegistry {
 public:
  /// Reads the file. Errors: those of LoadAccountFile, of config::Check with all accounts, of the
  /// lifecycle policies, of the encryption scopes and of the master keys; kConflict: an account is
  /// in both.
  static Result<std::unique_ptr<AccountRegistry>> Open(const config::Config& config);

  /// Has accounts encrypt (AccountEncryption::Begin). Once the store is open, and before requests.
  Status BeginEncryption() { return encryption_->Begin(); }
  AccountEncryption& encryption() { return *encryption_; }
  const AccountEncryption& encryption() const { return *encryption_; }

  /// Live as long as this.
  const gateway::Accounts& accounts() const { return *accounts_; }
  std::shared_ptr<const operations::EncryptionScopes> scopes() const { return scopes_; }

  /// Called after every change, on its thread, without lock. Set once, before the first change.
  void OnChange(std::function<void()> changed) { changed_ = std::move(changed); }

  /// By name.
  std::vector<ListedAccount> List() const;
  /// kNotFound.
  Result<ListedAccount> Find(std::string_view name) const;

  /// kConflict: there is one of this name. Other errors, here and below: as Open, and those of
  /// SaveAccountFile.
  Status Add(config::AccountConfig account);
  /// Changes one that was made by command; its name stays. Answers it as it is now. kNotFound;
  /// kInvalidArgument: it is in the configuration file, which commands do not change.
  Result<config::AccountConfig> Change(std::string_view name,
                                       const std::function<Status(config::AccountConfig&)>& change);
  /// Its data stays. Errors as Change.
  Status Remove(std::string_view name);

  /// A new configuration, read after a reload: its accounts replace those of the last one.
  Status Reconfigure(const config::Config& next);

 private:
  using AccountList = std::vector<config::AccountConfig>;
  struct Built;

  AccountRegistry(config::Config config, AccountList made);
  Result<Built> Build(const config::Config& config, const AccountList& made) const;
  Result<AccountList::iterator> Made(AccountList& made, std::string_view name) const;
  Status Keep(AccountList made);
  void Publish(Built built);

  mutable std::mutex mutex_;
  config::Config config_;  // guarded by mutex_
  AccountList made_;       // guarded by mutex_
  std::unique_ptr<gateway::Accounts> accounts_;
  std::shared_ptr<operations::EncryptionScopes> scopes_;
  std::unique_ptr<AccountEncryption> encryption_;
  std::function<void()> changed_;
};

}  // namespace blobgate::server
