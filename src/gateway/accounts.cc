#include "gateway/accounts.h"

#include <utility>

namespace blobgate::gateway {

Accounts::Accounts(std::vector<AccountEntry> entries) {
  for (auto& entry : entries) {
    std::string name = entry.settings.name;
    entries_.emplace(std::move(name), std::move(entry));
  }
}

const AccountEntry* Accounts::Find(std::string_view name) const {
  auto it = entries_.find(name);
  return it == entries_.end() ? nullptr : &it->second;
}

const operations::Account* Accounts::FindAccount(std::string_view name) const {
  const AccountEntry* entry = Find(name);
  return entry ? &entry->settings : nullptr;
}

std::vector<std::string> Accounts::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

}  // namespace blobgate::gateway
