// What the commands of `blobgate account` share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace blobgate::cli {

/// For an SDK. `endpoint`: URL of the daemon in path style, without the account.
std::string ConnectionString(std::string_view account, std::string_view key,
                             std::string_view endpoint);

/// For CLI11: what is wrong with the URL of a daemon; empty: nothing.
std::string CheckEndpoint(const std::string& url);

/// The commands that ask a running daemon: add, list, show, set, rotate-key, rewrap-key,
/// remove.
void AddAccountAdministration(CLI::App& account, int& exit_code);

}  // namespace blobgate::cli
