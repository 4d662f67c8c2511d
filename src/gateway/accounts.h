// The accounts this daemon serves: their secrets for auth, their settings for operations.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/credential.h"
#include "azure/errors.h"
#include "azure/resource.h"
#include "base/published.h"
#include "gateway/request_counters.h"
#include "gateway/throttle.h"
#include "http/request_head.h"
#include "operations/call.h"

namespace blobgate::gateway {

/// What an account asks of every request, whoever sends it.
struct AccountGate {
  bool disabled = false;
  bool https_only = false;
};

struct AccountEntry {
  auth::AccountKeys keys;
  operations::Account settings;
  AccountGate gate;
  AccountRates rates;
  /// What was asked of it so far. Never null.
  std::shared_ptr<AccountCounters> counters = std::make_shared<AccountCounters>();
  /// What it used of its rates. Never null.
  std::shared_ptr<AccountThrottle> throttle = std::make_shared<AccountThrottle>();
};

/// 403 AccountIsDisabled, 400 AccountRequiresHttps.
azure::Outcome<void> CheckGate(const AccountEntry& account, const http::RequestHead& head);

/// All accounts at one moment, and how hosts and paths name them. Immutable; any thread.
class AccountTable {
 public:
  /// The table itself is `rules.is_account`.
  AccountTable(std::vector<AccountEntry> entries, azure::AddressRules rules);
  AccountTable(const AccountTable&) = delete;
  AccountTable& operator=(const AccountTable&) = delete;

  /// nullptr when there is none. The entry lives as long as the table.
  const AccountEntry* Find(std::string_view name) const;
  const azure::AddressRules& rules() const { return rules_; }
  /// In order.
  std::vector<std::string> Names() const;
  /// Accounts that `before` has as well go on with its counters and with what they used of their
  /// rates. Before the table is in use.
  void KeepCounters(const AccountTable& before);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  std::unordered_map<std::string, AccountEntry, Hash, std::equal_to<>> entries_;
  azure::AddressRules rules_;
};

/// The table in force. Any thread. A request takes it once and keeps it to its end, so that it sees
/// one state of its account; the next one sees what was set meanwhile.
class Accounts final : public operations::AccountDirectory {
 public:
  explicit Accounts(std::shared_ptr<const AccountTable> first) : table_(std::move(first)) {}

  /// Never null.
  std::shared_ptr<const AccountTable> Current() const { return table_.Get(); }
  /// An account that stays keeps its counters. One thread at a time.
  void Replace(std::shared_ptr<AccountTable> next) {
    next->KeepCounters(*Current());
    table_.Set(std::move(next));
  }

  std::shared_ptr<const operations::Account> FindAccount(std::string_view name) const override;
  std::vector<std::string> Names() const override { return Current()->Names(); }

 private:
  Published<AccountTable> table_;
};

}  // namespace blobgate::gateway
