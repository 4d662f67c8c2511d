// The encryption scopes of all accounts (operations.md 1.17): names and keys of the configuration.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "blob/encryption.h"

namespace blobgate::operations {

/// What x-ms-encryption-scope and x-ms-default-encryption-scope say for "no scope".
inline constexpr std::string_view kAccountScope = "$account-encryption-key";

/// Fixed after the start; any thread.
class EncryptionScopes {
 public:
  void Add(std::string account, blob::ContentKeyPtr scope) {
    std::string name = scope->identity.scope;
    keys_.emplace(std::pair(std::move(account), std::move(name)), std::move(scope));
  }
  /// Null: there is no such scope.
  blob::ContentKeyPtr Find(std::string_view account, std::string_view name) const {
    const auto it = keys_.find(std::pair(std::string(account), std::string(name)));
    return it == keys_.end() ? nullptr : it->second;
  }

 private:
  std::map<std::pair<std::string, std::string>, blob::ContentKeyPtr> keys_;
};

}  // namespace blobgate::operations
