// The keys that the server keeps: of the encryption scopes of all accounts (operations.md 1.17),
// and of the accounts themselves (docs/encryption.md).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/published.h"
#include "blob/encryption.h"

namespace blobgate::operations {

/// What x-ms-encryption-scope and x-ms-default-encryption-scope say for "no scope".
inline constexpr std::string_view kAccountScope = "$account-encryption-key";

/// By account and name.
using ScopeKeys = std::map<std::pair<std::string, std::string>, blob::ContentKeyPtr>;

/// By account. Those that can be had now; what lacks here may come later.
using AccountKeys = std::map<std::string, blob::ContentKeyPtr, std::less<>>;

/// Any thread.
class EncryptionScopes {
 public:
  /// For what is opened from now on; the same below.
  void Replace(ScopeKeys keys) { keys_.Set(std::make_shared<const ScopeKeys>(std::move(keys))); }

  void ReplaceAccountKeys(AccountKeys keys) {
    account_keys_.Set(std::make_shared<const AccountKeys>(std::move(keys)));
  }

  /// Null: there is none, or the daemon could not unwrap it.
  blob::ContentKeyPtr KeyOfAccount(std::string_view account) const {
    const auto keys = account_keys_.Get();
    const auto it = keys->find(account);
    return it == keys->end() ? nullptr : it->second;
  }

  /// Null: there is no such scope.
  blob::ContentKeyPtr Find(std::string_view account, std::string_view name) const {
    const auto keys = keys_.Get();
    const auto it = keys->find(std::pair(std::string(account), std::string(name)));
    return it == keys->end() ? nullptr : it->second;
  }

 private:
  Published<ScopeKeys> keys_{std::make_shared<const ScopeKeys>()};
  Published<AccountKeys> account_keys_{std::make_shared<const AccountKeys>()};
};

}  // namespace blobgate::operations
