// The accounts this daemon serves: their secrets for auth, their settings for operations.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/credential.h"
#include "gateway/request_counters.h"
#include "operations/call.h"

namespace blobgate::gateway {

struct AccountEntry {
  auth::AccountKeys keys;
  operations::Account settings;
  /// What was asked of it so far. Never null.
  std::shared_ptr<AccountCounters> counters = std::make_shared<AccountCounters>();
};

/// Fixed after construction; any thread.
class Accounts final : public operations::AccountDirectory {
 public:
  explicit Accounts(std::vector<AccountEntry> entries);
  /// nullptr when there is none. The entry lives as long as this.
  const AccountEntry* Find(std::string_view name) const;
  const operations::Account* FindAccount(std::string_view name) const override;
  std::vector<std::string> Names() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  std::unordered_map<std::string, AccountEntry, Hash, std::equal_to<>> entries_;
};

}  // namespace blobgate::gateway
