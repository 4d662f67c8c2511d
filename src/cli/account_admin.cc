// blobgate account add, list, show, set, rotate-key, rewrap-key, remove: asks the daemon that
// serves the store.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/account.h"
#include "config/schema.h"
#include "server/account_commands.h"
#include "server/admin_client.h"

namespace blobgate::cli {
namespace {

using nlohmann::json;

constexpr const char* kAddFooter =
    "The account can be used at once. Keys and connection string are printed this once; later\n"
    "blobgate account show --keys prints them. Who has a key may do everything with the account.";
constexpr const char* kRotateFooter =
    "Only the named key is replaced, at once, and what it signed is refused from then on, SAS "
    "too.\n"
    "So: move clients to the other key first. delegation revokes all user delegation keys.";
constexpr const char* kRewrapFooter =
    "No data is touched and no request notices. To change a master key: put the new one into\n"
    "\"master_keys\" of the configuration file, name it in encryption.master_key of the accounts\n"
    "or put it first, reload, rewrap, and take the old one away when nothing is wrapped by it.";
constexpr const char* kRemoveFooter =
    "Keys, SAS and tokens are refused from then on. No data is removed: an account with "
    "containers\n"
    "is only removed with --force, and has them again when it is added again. To get the space\n"
    "back, delete the containers first.";

struct Request {
  std::string data_dir = "/var/lib/blobgate";
  std::string endpoint = "http://127.0.0.1:10000";
  bool as_json = false;
  json body = json::object();  ///< for the daemon
};
using RequestPtr = std::shared_ptr<Request>;

using Printer = std::function<void(const Request& request, const json& result)>;

int Ask(const Request& request, const Printer& print) {
  const auto result = server::AskDaemon(request.data_dir, request.body);
  if (!result) {
    const bool nobody = result.error().code == Errc::kNotFound;
    std::fprintf(stderr, "blobgate account: %s%s\n", nobody ? "no daemon answers: " : "",
                 result.error().detail.c_str());
    return 1;
  }
  if (request.as_json) {
    std::printf("%s\n", result->dump(2).c_str());
  } else {
    print(request, *result);
  }
  return 0;
}

/// A command of `account` that sends `command`.
CLI::App* AddCommand(CLI::App& account, const std::string& name, const std::string& help,
                     const RequestPtr& request, Printer print, int& exit_code) {
  request->body["command"] = "account-" + name;
  auto* command = account.add_subcommand(name, help);
  command->add_option("--data-dir", request->data_dir, "The store")->capture_default_str();
  command->add_flag("--json", request->as_json, "As one JSON object");
  command->callback(
      [request, print = std::move(print), &exit_code] { exit_code = Ask(*request, print); });
  return command;
}

void AddName(CLI::App& command, const RequestPtr& request) {
  const std::function<void(const std::string&)> take = [request](const std::string& name) {
    request->body["name"] = name;
  };
  command.add_option_function("name", take, "3 to 24 lower-case letters and digits")->required();
}

void AddEndpoint(CLI::App& command, const RequestPtr& request) {
  command
      .add_option("--endpoint", request->endpoint,
                  "URL of the daemon, without the account, for the connection string")
      ->check(CheckEndpoint)
      ->capture_default_str();
}

/// "change_feed.enabled" is --change-feed-enabled.
std::string OptionName(std::string_view path) {
  std::string name = "--" + std::string(path);
  std::ranges::replace(name, '.', '-');
  std::ranges::replace(name, '_', '-');
  return name;
}

json::json_pointer PlaceOf(std::string path) {
  std::ranges::replace(path, '.', '/');
  return json::json_pointer("/" + path);
}

template <class T>
std::function<void(const T&)> Setter(const RequestPtr& request, const std::string& path) {
  return [request, at = PlaceOf(path)](const T& value) { request->body["options"][at] = value; };
}

void AddSetting(CLI::App& command, const RequestPtr& request, const std::string& path,
                const config::OptionDoc& doc) {
  const std::string name = OptionName(path);
  const std::string help = doc.help + " [" + doc.fallback + "]";
  switch (doc.form) {
    case config::Form::kFlag: {
      const auto set = Setter<bool>(request, path);
      command.add_flag_function(
          name, [set](std::int64_t count) { set(count > 0); }, help + " =false turns it off.");
      return;
    }
    case config::Form::kNumber:
      command.add_option_function(name, Setter<std::uint64_t>(request, path), help);
      return;
    case config::Form::kTexts: {
      const auto set = Setter<std::vector<std::string>>(request, path);
      const std::function<void(const std::vector<std::string>&)> take =
          [set](const std::vector<std::string>& values) {
            set(values == std::vector<std::string>{""} ? std::vector<std::string>() : values);
          };
      command.add_option_function(name, take, help + " Separated by commas; \"\": none.")
          ->delimiter(',')
          ->allow_extra_args(false);
      return;
    }
    case config::Form::kText:
      command.add_option_function(name, Setter<std::string>(request, path), help);
  }
}

void AddScopes(CLI::App& command, const RequestPtr& request) {
  const std::function<void(const std::vector<std::string>&)> take =
      [request](const std::vector<std::string>& scopes) {
        json list = json::array();
        for (const std::string& scope : scopes) {
          const std::size_t equals = scope.find('=');
          if (equals == std::string::npos) {
            throw CLI::ValidationError("--encryption-scope", "must be NAME=FILE");
          }
          list.push_back(
              {{"name", scope.substr(0, equals)}, {"key_file", scope.substr(equals + 1)}});
        }
        request->body["options"]["encryption_scopes"] = std::move(list);
      };
  command
      .add_option_function("--encryption-scope", take,
                           "NAME=FILE, once for each scope: all of the account's")
      ->allow_extra_args(false);
}

/// One for each option that the configuration file has for an account.
void AddSettings(CLI::App& command, const RequestPtr& request) {
  constexpr std::string_view kAccounts = "accounts[].";
  for (const auto& doc : config::Documentation()) {
    if (!doc.path.starts_with(kAccounts)) continue;
    const std::string path = doc.path.substr(kAccounts.size());
    if (!server::IsSetByCommand(path) || path.contains("[]")) continue;
    AddSetting(command, request, path, doc);
  }
  AddScopes(command, request);
}

std::string NameOf(const Request& request) {
  return request.body.value("name", "");
}

void PrintConnection(const Request& request, const std::string& key) {
  std::printf("\nConnection string:\n\n%s\n",
              ConnectionString(NameOf(request), key, request.endpoint).c_str());
}

void PrintAdded(const Request& request, const json& result) {
  const auto keys = result.value("keys", std::vector<std::string>());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::printf("key%zu: %s\n", i + 1, keys[i].c_str());
  }
  if (!keys.empty()) PrintConnection(request, keys[0]);
  std::printf("\nThe keys are not shown again.\n");
  if (const auto containers = result.value("containers", 0); containers > 0) {
    std::printf("The account has %d containers that an earlier one of its name left.\n",
                containers);
  }
}

void PrintEntry(const Request&, const json& result) {
  std::printf("%s\n", result.value("account", json::object()).dump(2).c_str());
  const auto keys = result.value("keys", std::vector<std::string>());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    std::printf("key%zu: %s\n", i + 1, keys[i].c_str());
  }
}

void PrintList(const Request&, const json& result) {
  std::printf("%-24s  %-16s  %-15s  %s\n", "NAME", "KIND", "SKU", "MADE BY");
  for (const auto& account : result.value("accounts", json::array())) {
    std::printf("%-24s  %-16s  %-15s  %s\n", account.value("name", "").c_str(),
                account.value("kind", "").c_str(), account.value("sku", "").c_str(),
                account.value("by_command", false) ? "command" : "configuration file");
  }
}

void PrintRotated(const Request& request, const json& result) {
  const std::string which = request.body.value("key", "");
  const std::string key = result.value("key", "");
  if (key.empty()) {
    std::printf("All user delegation keys are revoked.\n");
    return;
  }
  std::printf("%s: %s\n", which.c_str(), key.c_str());
  PrintConnection(request, key);
}

void PrintRewrapped(const Request&, const json& result) {
  for (const auto& account : result.value("accounts", json::array())) {
    std::printf("%s: wrapped by %s, before by %s\n", account.value("name", "").c_str(),
                account.value("master_key", "").c_str(), account.value("before", "").c_str());
  }
}

void PrintRemoved(const Request& request, const json& result) {
  std::printf("Account %s is removed.", NameOf(request).c_str());
  const auto containers = result.value("containers", 0);
  if (containers > 0) std::printf(" The data of its %d containers stays.", containers);
  std::printf("\n");
}

}  // namespace

void AddAccountAdministration(CLI::App& account, int& exit_code) {
  const auto command = [&](const std::string& name, const std::string& help, Printer print) {
    auto request = std::make_shared<Request>();
    auto* app = AddCommand(account, name, help, request, std::move(print), exit_code);
    return std::pair(app, request);
  };
  {
    const auto [add, request] = command("add", "Make an account, with new keys", PrintAdded);
    AddName(*add, request);
    AddEndpoint(*add, request);
    AddSettings(*add, request);
    add->footer(kAddFooter);
  }
  command("list", "All accounts of the daemon, without keys", PrintList);
  {
    const auto [show, request] = command("show", "An account, without its keys", PrintEntry);
    AddName(*show, request);
    show->add_flag_callback("--keys", [request] { request->body["keys"] = true; }, "With its keys");
  }
  {
    const auto [set, request] = command(
        "set", "Change an account that was made by command; what is not named stays", PrintEntry);
    AddName(*set, request);
    AddSettings(*set, request);
  }
  {
    const auto [rotate, request] = command(
        "rotate-key", "Replace one key of an account that was made by command", PrintRotated);
    AddName(*rotate, request);
    AddEndpoint(*rotate, request);
    const std::function<void(const std::string&)> take = [request](const std::string& key) {
      request->body["key"] = key;
    };
    rotate->add_option_function("key", take, "key1, key2 or delegation")
        ->required()
        ->check(CLI::IsMember({"key1", "key2", "delegation"}));
    rotate->footer(kRotateFooter);
  }
  {
    const auto [rewrap, request] =
        command("rewrap-key", "Wrap the encryption key of an account anew, by its master key",
                PrintRewrapped);
    const std::function<void(const std::string&)> take = [request](const std::string& name) {
      request->body["name"] = name;
    };
    auto* const name = rewrap->add_option_function("name", take, "The account");
    auto* const all = rewrap->add_flag_callback(
        "--all", [request] { request->body["all"] = true; }, "Every account that has a key");
    name->excludes(all);
    rewrap->footer(kRewrapFooter);
  }
  {
    const auto [remove, request] =
        command("remove", "Take away an account that was made by command", PrintRemoved);
    AddName(*remove, request);
    remove->add_flag_callback(
        "--force", [request] { request->body["force"] = true; },
        "Also when it has containers; they stay");
    remove->footer(kRemoveFooter);
  }
}

}  // namespace blobgate::cli
