// DATA_DIR/accounts.json: the accounts made by command.
//
//   {"accounts": [{"name": "shop", "keys": ["...", "..."], ...}]}
//
// Entries are as in `accounts` of the configuration file; what is as by default is left out. Of
// mode 0600, as it holds keys.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace blobgate::server {

std::string AccountFileOf(const std::string& data_dir);

/// None when there is no file. The form is checked, and what config::Check checks is not.
/// kInvalidArgument: it cannot be understood, or others than its owner may read it; kIoError.
Result<std::vector<config::AccountConfig>> LoadAccountFile(const std::string& path);

/// Durable when it returns. Errors: those of ReplaceFile.
Status SaveAccountFile(const std::string& path, const std::vector<config::AccountConfig>& accounts);

/// Gives a snapshot of the store at `data_dir` its accounts. `target` is the snapshot.
Status CopyAccountFile(const std::string& data_dir, const std::string& target);

}  // namespace blobgate::server
