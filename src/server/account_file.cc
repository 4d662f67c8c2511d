#include "server/account_file.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "base/secret_file.h"
#include "config/schema.h"
#include "server/durable_file.h"

namespace blobgate::server {
namespace {

using nlohmann::json;

/// Of tens of thousands of accounts.
constexpr std::size_t kLargest = 64 * 1024 * 1024;

std::unexpected<Error> Bad(const std::string& path, const std::string& what) {
  return Fail(Errc::kInvalidArgument, path + ": " + what);
}

/// Null: there is no file.
Result<std::optional<std::string>> ReadIfThere(const std::string& path) {
  std::error_code ec;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ec))) {
    return std::optional<std::string>();
  }
  BG_TRY(std::string text, ReadSecretFile(path, kLargest));
  return std::optional(std::move(text));
}

}  // namespace

std::string AccountFileOf(const std::string& data_dir) {
  return data_dir + "/accounts.json";
}

Result<std::vector<config::AccountConfig>> LoadAccountFile(const std::string& path) {
  BG_TRY(const auto text, ReadIfThere(path));
  std::vector<config::AccountConfig> accounts;
  if (!text) return accounts;
  const json file = json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!file.is_object() || file.size() != 1 || !file.contains("accounts") ||
      !file["accounts"].is_array()) {
    return Bad(path, "is not a list of accounts");
  }
  for (const json& entry : file["accounts"]) {
    config::AccountConfig account;
    if (auto read = config::ReadAccount(entry, account); !read) {
      return Bad(path, read.error().detail);
    }
    accounts.push_back(std::move(account));
  }
  return accounts;
}

Status SaveAccountFile(const std::string& path,
                       const std::vector<config::AccountConfig>& accounts) {
  json list = json::array();
  for (const auto& account : accounts) {
    list.push_back(config::WriteAccount(account, config::Which::kNotDefault));
  }
  const json file{{"accounts", std::move(list)}};
  return ReplaceFile(path, file.dump(1) + "\n");
}

Status CopyAccountFile(const std::string& data_dir, const std::string& target) {
  BG_TRY(const auto text, ReadIfThere(AccountFileOf(data_dir)));
  return text ? ReplaceFile(AccountFileOf(target), *text) : Status();
}

}  // namespace blobgate::server
