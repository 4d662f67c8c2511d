#include "server/account_commands.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <utility>

#include "config/schema.h"
#include "server/account_keys.h"

namespace blobgate::server {
namespace {

using config::AccountConfig;
using nlohmann::json;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// A misspelt parameter must not pass for one that was left out.
Status CheckParameters(const json& request, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.items()) {
    if (name == "command" || std::ranges::find(known, name) != known.end()) continue;
    return Bad(name + ": unknown parameter");
  }
  return {};
}

Result<std::string> TextOf(const json& request, const char* name) {
  const auto found = request.find(name);
  if (found == request.end() || !found->is_string()) {
    return Bad(std::string(name) + ": a string is needed");
  }
  return found->get<std::string>();
}

Result<bool> FlagOf(const json& request, const char* name) {
  const auto found = request.find(name);
  if (found == request.end()) return false;
  if (!found->is_boolean()) return Bad(std::string(name) + ": must be true or false");
  return found->get<bool>();
}

/// `account` with the request's options.
Status TakeOptions(const json& request, AccountConfig& account) {
  const auto options = request.find("options");
  if (options == request.end()) return {};
  if (!options->is_object()) return Bad("options: must be an object");
  for (const auto& [name, value] : options->items()) {
    if (!IsSetByCommand(name)) return Bad(name + ": cannot be set by command");
  }
  return config::ReadAccount(*options, account);
}

void LogChanges(const AccountConfig& before, const AccountConfig& after) {
  config::Config old, now;
  old.accounts = {before};
  now.accounts = {after};
  for (const auto& change : config::Differences(old, now)) {
    spdlog::info("by command: {}", config::TextOf(change));
  }
}

class AccountCommands {
 public:
  AccountCommands(AccountRegistry& registry, CountContainers count)
      : registry_(registry), count_(std::move(count)) {}

  Result<json> Add(const json& request) {
    BG_CHECK(CheckParameters(request, {"name", "options"}));
    AccountConfig account;
    BG_TRY(account.name, TextOf(request, "name"));
    BG_CHECK(TakeOptions(request, account));
    account.keys = {NewAccountKey(), NewAccountKey()};
    // Of its own, so that a new key does not revoke user delegation keys.
    account.delegation_secrets = {NewAccountKey()};
    BG_CHECK(registry_.Add(account));
    spdlog::info("by command: account {} added", account.name);
    const auto containers = count_(account.name);
    return json{{"account", EntryOf(account, true)},
                {"keys", account.keys},
                {"containers", containers ? *containers : 0}};
  }

  Result<json> List(const json& request) const {
    BG_CHECK(CheckParameters(request, {}));
    json accounts = json::array();
    for (const auto& [account, by_command] : registry_.List()) {
      accounts.push_back(EntryOf(account, by_command));
    }
    return json{{"accounts", std::move(accounts)}};
  }

  Result<json> Show(const json& request) const {
    BG_CHECK(CheckParameters(request, {"name", "keys"}));
    BG_TRY(const std::string name, TextOf(request, "name"));
    BG_TRY(const bool keys, FlagOf(request, "keys"));
    BG_TRY(const ListedAccount found, registry_.Find(name));
    json out{{"account", EntryOf(found.account, found.by_command)}};
    if (keys) out["keys"] = found.account.keys;
    return out;
  }

  Result<json> Set(const json& request) {
    BG_CHECK(CheckParameters(request, {"name", "options"}));
    BG_TRY(const std::string name, TextOf(request, "name"));
    AccountConfig before;
    BG_TRY(const AccountConfig after, registry_.Change(name, [&](AccountConfig& account) {
      before = account;
      return TakeOptions(request, account);
    }));
    LogChanges(before, after);
    return json{{"account", EntryOf(after, true)}};
  }

  Result<json> RotateKey(const json& request) {
    BG_CHECK(CheckParameters(request, {"name", "key"}));
    BG_TRY(const std::string name, TextOf(request, "name"));
    BG_TRY(const std::string which, TextOf(request, "key"));
    const bool delegation = which == "delegation";
    if (!delegation && which != "key1" && which != "key2") {
      return Bad("key: must be key1, key2 or delegation");
    }
    const std::string key = NewAccountKey();
    BG_CHECK(registry_.Change(name, [&](AccountConfig& account) {
      if (delegation) {
        account.delegation_secrets = {key};
      } else {
        account.keys.resize(std::max<std::size_t>(account.keys.size(), which == "key2" ? 2 : 1));
        account.keys[which == "key2"] = key;
      }
      return Status();
    }));
    spdlog::info("by command: account {}: new {}", name, which);
    return delegation ? json::object() : json{{"key", key}};
  }

  Result<json> RewrapKey(const json& request) {
    BG_CHECK(CheckParameters(request, {"name", "all"}));
    BG_TRY(const bool all, FlagOf(request, "all"));
    std::vector<std::string> names;
    if (all) {
      if (request.contains("name")) return Bad("all: with a name");
      for (const auto& listed : registry_.List()) {
        if (registry_.encryption().Find(listed.account.name)) names.push_back(listed.account.name);
      }
    } else {
      BG_TRY(names.emplace_back(), TextOf(request, "name"));
    }
    json rewrapped = json::array();
    for (const std::string& name : names) {
      BG_TRY(const ShownKey before, registry_.encryption().Rewrap(name));
      const auto now = registry_.encryption().Find(name);
      rewrapped.push_back({{"name", name},
                           {"before", before.master_key},
                           {"master_key", now ? now->master_key : ""}});
    }
    return json{{"accounts", std::move(rewrapped)}};
  }

  Result<json> Remove(const json& request) {
    BG_CHECK(CheckParameters(request, {"name", "force"}));
    BG_TRY(const std::string name, TextOf(request, "name"));
    BG_TRY(const bool force, FlagOf(request, "force"));
    BG_TRY(const ListedAccount found, registry_.Find(name));
    BG_TRY(const std::size_t containers, count_(name));
    if (containers > 0 && !force && found.by_command) {
      return Fail(Errc::kConflict, "account \"" + name + "\" has " + std::to_string(containers) +
                                       " containers, deleted ones that can be restored included; "
                                       "force takes the account away and leaves their data");
    }
    BG_CHECK(registry_.Remove(name));
    spdlog::info("by command: account {} removed, {} containers stay", name, containers);
    return json{{"containers", containers}};
  }

 private:
  json EntryOf(const AccountConfig& account, bool by_command) const {
    json entry = config::WriteAccount(account, config::Which::kPublic);
    entry["by_command"] = by_command;
    if (const auto key = registry_.encryption().Find(account.name)) {
      entry["encryption_key"] = {{"master_key", key->master_key}, {"available", key->available}};
    }
    return entry;
  }

  AccountRegistry& registry_;
  const CountContainers count_;
};

}  // namespace

bool IsSetByCommand(std::string_view option) {
  constexpr std::array<std::string_view, 4> kNot{"name", "keys", "key_files", "delegation_secrets"};
  return std::ranges::find(kNot, option) == kNot.end();
}

void AddAccountCommands(AdminServer& admin, AccountRegistry& registry, CountContainers count) {
  auto commands = std::make_shared<AccountCommands>(registry, std::move(count));
  const auto handle = [&](const char* name, auto method) {
    admin.Handle(name, [commands, method](const json& request, std::stop_token) -> Result<json> {
      return (*commands.*method)(request);
    });
  };
  handle("account-add", &AccountCommands::Add);
  handle("account-list", &AccountCommands::List);
  handle("account-show", &AccountCommands::Show);
  handle("account-set", &AccountCommands::Set);
  handle("account-rotate-key", &AccountCommands::RotateKey);
  handle("account-rewrap-key", &AccountCommands::RewrapKey);
  handle("account-remove", &AccountCommands::Remove);
}

}  // namespace blobgate::server
