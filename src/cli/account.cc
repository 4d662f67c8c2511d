// blobgate account new: an entry for the configuration file.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "cli/account.h"
#include "cli/commands.h"
#include "config/config.h"
#include "server/account_keys.h"

namespace blobgate::cli {
namespace {

constexpr const char* kFooter =
    "The keys are printed this once and kept nowhere: put the entry into \"accounts\" of the\n"
    "configuration file and reload the daemon. Who has a key may do everything with the account.\n"
    "blobgate account add makes an account at once, without the file.";

struct NewOptions {
  std::string name;
  std::string endpoint = "http://127.0.0.1:10000";
  bool hierarchical = false;
  bool as_json = false;
};

config::AccountConfig NewAccount(const NewOptions& options) {
  config::AccountConfig account;
  account.name = options.name;
  account.keys = {server::NewAccountKey(), server::NewAccountKey()};
  account.hierarchical = options.hierarchical;
  return account;
}

/// As the configuration would be refused with it.
Status CheckAccount(const config::AccountConfig& account) {
  config::Config config;
  config.engine.data_dir = "/";
  config.listeners.push_back({.address = "127.0.0.1"});
  config.accounts.push_back(account);
  return config::Check(config);
}

nlohmann::ordered_json EntryOf(const config::AccountConfig& account) {
  nlohmann::ordered_json entry{{"name", account.name}, {"keys", account.keys}};
  if (account.hierarchical) entry["hierarchical"] = true;
  return entry;
}

int New(const NewOptions& options) {
  const config::AccountConfig account = NewAccount(options);
  if (const Status good = CheckAccount(account); !good) {
    std::fprintf(stderr, "blobgate account: %s\n", good.error().detail.c_str());
    return 1;
  }
  const std::string connection = ConnectionString(account.name, account.keys[0], options.endpoint);
  nlohmann::ordered_json entry = EntryOf(account);
  if (options.as_json) {
    const nlohmann::ordered_json all{{"account", entry}, {"connection_string", connection}};
    std::printf("%s\n", all.dump(2).c_str());
    return 0;
  }
  std::printf(
      "For \"accounts\" of the configuration file:\n\n%s\n\nConnection string:\n\n%s\n\n"
      "The keys are not shown again.\n",
      entry.dump(2).c_str(), connection.c_str());
  return 0;
}

void AddNew(CLI::App& account, int& exit_code) {
  auto options = std::make_shared<NewOptions>();
  auto* command =
      account.add_subcommand("new", "Print an entry for the configuration file, with new keys");
  command->add_option("name", options->name, "3 to 24 lower-case letters and digits")->required();
  command->add_option("--endpoint", options->endpoint, "URL of the daemon, without the account")
      ->check(CheckEndpoint)
      ->capture_default_str();
  command->add_flag("--hierarchical", options->hierarchical, "A Data Lake Storage Gen2 account");
  command->add_flag("--json", options->as_json, "As one JSON object");
  command->footer(kFooter);
  command->callback([options, &exit_code] { exit_code = New(*options); });
}

}  // namespace

std::string ConnectionString(std::string_view account, std::string_view key,
                             std::string_view endpoint) {
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  const std::string protocol(endpoint.substr(0, endpoint.find("://")));
  const std::string name(account);
  return "DefaultEndpointsProtocol=" + protocol + ";AccountName=" + name +
         ";AccountKey=" + std::string(key) + ";BlobEndpoint=" + std::string(endpoint) + "/" + name +
         ";";
}

std::string CheckEndpoint(const std::string& url) {
  const bool good = url.starts_with("http://") || url.starts_with("https://");
  return good ? "" : "must be an http or https URL";
}

void AddAccount(CLI::App& app, int& exit_code) {
  auto* account = app.add_subcommand("account", "Make, show, change and remove accounts");
  account->require_subcommand(1);
  AddAccountAdministration(*account, exit_code);
  AddNew(*account, exit_code);
}

}  // namespace blobgate::cli
