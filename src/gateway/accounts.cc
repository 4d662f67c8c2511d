#include "gateway/accounts.h"

#include <algorithm>
#include <utility>

namespace blobgate::gateway {

azure::Outcome<void> CheckGate(const AccountEntry& account, const http::RequestHead& head) {
  if (account.gate.disabled) return azure::Fail(azure::ErrorCode::kAccountIsDisabled);
  if (account.gate.https_only && !head.secure) {
    return azure::Fail(azure::ErrorCode::kAccountRequiresHttps);
  }
  return {};
}

AccountTable::AccountTable(std::vector<AccountEntry> entries, azure::AddressRules rules)
    : rules_(std::move(rules)) {
  for (auto& entry : entries) {
    std::string name = entry.settings.name;
    entries_.emplace(std::move(name), std::move(entry));
  }
  rules_.is_account = [this](std::string_view name) { return Find(name) != nullptr; };
}

const AccountEntry* AccountTable::Find(std::string_view name) const {
  auto it = entries_.find(name);
  return it == entries_.end() ? nullptr : &it->second;
}

std::vector<std::string> AccountTable::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  std::ranges::sort(names);
  return names;
}

void AccountTable::KeepCounters(const AccountTable& before) {
  for (auto& [name, entry] : entries_) {
    const AccountEntry* old = before.Find(name);
    if (old == nullptr) continue;
    entry.counters = old->counters;
    entry.throttle = old->throttle;
    // Without a quota nobody tells what is written.
    if (old->settings.capacity_bytes > 0 && entry.settings.capacity_bytes > 0) {
      entry.settings.capacity = old->settings.capacity;
    }
  }
}

std::shared_ptr<const operations::Account> Accounts::FindAccount(std::string_view name) const {
  auto table = Current();
  const AccountEntry* entry = table->Find(name);
  if (entry == nullptr) return nullptr;
  return {std::move(table), &entry->settings};
}

}  // namespace blobgate::gateway
