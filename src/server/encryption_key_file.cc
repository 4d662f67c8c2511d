#include "server/encryption_key_file.h"

#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/secret_file.h"
#include "server/durable_file.h"

namespace blobgate::server {
namespace {

using nlohmann::json;

/// Of tens of thousands of accounts.
constexpr std::size_t kLargest = 256 * 1024 * 1024;

std::optional<std::string> Text(const json& entry, const char* name) {
  const auto found = entry.find(name);
  if (found == entry.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<std::pair<std::string, WrappedKey>> KeyOf(const json& entry) {
  if (!entry.is_object() || entry.size() != 4) return std::nullopt;
  const auto account = Text(entry, "account");
  const auto master_key = Text(entry, "master_key");
  const auto sha256 = Text(entry, "sha256");
  const auto wrapped = Text(entry, "wrapped");
  if (!account || !master_key || !sha256 || !wrapped) return std::nullopt;
  WrappedKey key{*master_key, {}, *wrapped};
  const auto digest = Base64Decode(*sha256);
  if (!digest || digest->size() != key.sha256.size()) return std::nullopt;
  std::memcpy(key.sha256.data(), digest->data(), digest->size());
  return std::pair(*account, std::move(key));
}

}  // namespace

std::string EncryptionKeyFileOf(const std::string& data_dir) {
  return data_dir + "/encryption_keys.json";
}

Result<WrappedKeys> LoadEncryptionKeyFile(const std::string& path) {
  WrappedKeys keys;
  std::error_code ec;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ec))) return keys;
  BG_TRY(const std::string text, ReadSecretFile(path, kLargest));
  const auto bad = [&path] {
    return Fail(Errc::kInvalidArgument, path + ": is not a list of encryption keys");
  };
  const json file = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!file.is_object() || file.size() != 1) return bad();
  const auto list = file.find("keys");
  if (list == file.end() || !list->is_array()) return bad();
  for (const json& entry : *list) {
    auto key = KeyOf(entry);
    if (!key || !keys.insert(std::move(*key)).second) return bad();
  }
  return keys;
}

Status SaveEncryptionKeyFile(const std::string& path, const WrappedKeys& keys) {
  json list = json::array();
  for (const auto& [account, key] : keys) {
    list.push_back({{"account", account},
                    {"master_key", key.master_key},
                    {"sha256", Base64Encode(key.sha256)},
                    {"wrapped", key.wrapped}});
  }
  return ReplaceFile(path, json{{"keys", std::move(list)}}.dump(1) + "\n");
}

Status CopyEncryptionKeyFile(const std::string& data_dir, const std::string& target) {
  BG_TRY(const WrappedKeys keys, LoadEncryptionKeyFile(EncryptionKeyFileOf(data_dir)));
  return keys.empty() ? Status() : SaveEncryptionKeyFile(EncryptionKeyFileOf(target), keys);
}

}  // namespace blobgate::server
