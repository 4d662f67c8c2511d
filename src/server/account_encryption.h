// The encryption keys of accounts: made, wrapped, kept and unwrapped (docs/encryption.md).
#pragma once

#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "base/published.h"
#include "base/result.h"
#include "config/config.h"
#include "operations/encryption_scopes.h"
#include "server/encryption_key_file.h"
#include "server/master_key.h"

namespace blobgate::server {

/// What there is to say of the encryption key of an account.
struct ShownKey {
  std::string master_key;  ///< the name of what wraps it; empty: it could not be made yet
  bool available = false;
};

/// Gives `scopes` the key of every account that has one. An account gets its key when encryption is
/// switched on for the first time, and keeps it: switched off it is needed to read. A key that was
/// unwrapped stays in memory; one that cannot be is tried again every fifteen seconds, and what
/// needs it answers 500 meanwhile. Any thread; changes wait for each other, and for the commands
/// that they run.
class AccountEncryption {
 public:
  AccountEncryption(std::string data_dir, std::shared_ptr<operations::EncryptionScopes> scopes);
  ~AccountEncryption();

  /// What a configuration with all accounts asks for.
  struct Plan {
    struct Account {
      bool enabled = false;
      std::string master_key;  ///< empty: none
    };
    MasterKeys masters;
    std::map<std::string, Account, std::less<>> accounts;
  };

  /// After Begin: also makes the keys that `config` needs and that there are not, durable when it
  /// returns. Errors: those of MasterKeysOf, of the master key, of SaveEncryptionKeyFile; nothing
  /// has changed then but for a key more in the file, which waits for its account.
  Result<Plan> Prepare(const config::Config& config);
  /// From now on.
  void Use(Plan plan);

  /// Reads the file, makes and unwraps what `Use` asked for; what cannot be is tried again later.
  /// Once, when nobody else has the store open. Errors: those of LoadEncryptionKeyFile.
  Status Begin();
  /// Stops commands that run, and trying.
  void Stop() { stop_.request_stop(); }

  /// Wraps the key of `account` anew, by the master key that its setting names; answers what
  /// wrapped it before. Requests notice nothing. A key in memory does not need the master key that
  /// wrapped it any more. kNotFound: it has none; kInvalidArgument: there is no master key; the
  /// errors of the master keys and of SaveEncryptionKeyFile.
  Result<ShownKey> Rewrap(std::string_view account);

  /// Never waits. nullopt: it has no key, and needs none.
  std::optional<ShownKey> Find(std::string_view account) const;
  /// How many of the keys in use are not available. Never waits.
  std::size_t unavailable() const;

 private:
  using Shown = std::map<std::string, ShownKey, std::less<>>;
  class Pass;

  const WrappedKey* Stored(std::string_view account) const;
  Result<const MasterKey*> MasterOf(const MasterKeys& masters, std::string_view name) const;
  Result<WrappedKey> Wrap(const MasterKeys& masters, std::string_view master,
                          std::string_view account, const blob::ContentKey& key);
  Result<blob::ContentKeyPtr> Unwrap(const MasterKeys& masters, std::string_view account,
                                     const WrappedKey& stored);
  Status Make(const Plan& plan, const std::string& account);
  Status Keep(const std::string& account, WrappedKey key);
  Status Obtain(const std::string& account, Pass& pass);
  bool IsMissing(const std::string& account, const Plan::Account& wanted) const;
  void Note(const std::string& account, const Status& done);
  void ObtainMissing();
  void WarnOfLostMasters() const;
  void Publish();
  void Retry(const std::stop_token& stop);

  const std::string file_;
  const std::shared_ptr<operations::EncryptionScopes> scopes_;
  std::stop_source stop_;
  std::mutex mutex_;  ///< of all below but shown_
  std::condition_variable_any wake_;
  bool begun_ = false;
  Plan plan_;
  WrappedKeys stored_;
  operations::AccountKeys keys_;  ///< unwrapped, also of accounts that are not in use
  std::map<std::string, std::string> failures_;  ///< what was logged of accounts without a key
  Published<Shown> shown_{std::make_shared<const Shown>()};
  std::jthread retrying_;
};

}  // namespace blobgate::server
