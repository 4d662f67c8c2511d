// The encryption scopes of all accounts (operations.md 1.17): names and keys of the configuration.
#pragma once

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

/// Any thread.
class EncryptionScopes {
 public:
  /// For what is opened from now on.
  void Replace(ScopeKeys keys) { keys_.Set(std::make_shared<const ScopeKeys>(std::move(keys))); }

  /// Null: there is no such scope.
  blob::ContentKeyPtr Find(std::string_view account, std::string_view name) const {
    const auto keys = keys_.Get();
    const auto it = keys->find(std::pair(std::string(account), std::string(name)));
    return it == keys->end() ? nullptr : it->second;
  }

 private:
  Published<ScopeKeys> keys_{std::make_shared<const ScopeKeys>()};
};

}  // namespace blobgate::operations
