// What the operator may ask about accounts (admin_server.h).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "server/account_registry.h"
#include "server/admin_server.h"

namespace blobgate::server {

/// How many containers an account has, deleted ones that can be restored included. Any thread.
using CountContainers = std::function<Result<std::size_t>(const std::string& account)>;

/// Is `option`, a name below `accounts[]`, set by command? Others the daemon makes itself, or they
/// are for the configuration file only.
bool IsSetByCommand(std::string_view option);

/// Adds the commands to `admin`. `registry` outlives it. OPTIONS are those of `accounts[]` of the
/// configuration file that are IsSetByCommand; ENTRY is all of them but secrets, `by_command`, and
/// for an account with an encryption key, `encryption_key` {"master_key", "available"}.
///
///   account-add {"name", "options": OPTIONS}      {"account": ENTRY, "keys": [..], "containers":
///   n} account-list                                  {"accounts": [ENTRY, ..]} account-show
///   {"name", "keys": BOOL}           {"account": ENTRY}, and "keys" when asked for account-set
///   {"name", "options": OPTIONS}      {"account": ENTRY}; what is not named stays
///   account-rotate-key {"name", "key": "key1" | "key2" | "delegation"}    {"key": ".."}
///   account-rewrap-key {"name"} | {"all": true}   {"accounts": [{"name", "before", "master_key"}]}
///   account-remove {"name", "force": BOOL}        {"containers": n}: they stay
///
/// Errors: those of AccountRegistry and AccountEncryption; kInvalidArgument for a request of
/// another form; account-remove: kConflict for an account with containers unless forced.
void AddAccountCommands(AdminServer& admin, AccountRegistry& registry, CountContainers count);

}  // namespace blobgate::server
