#include "config/config.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/encoding.h"
#include "config/schema_internal.h"

namespace blobgate::config {
namespace {

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

/// "line 3, column 7" of a byte offset.
std::string Place(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const auto before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto last = before.rfind('\n');
  const auto column = last == std::string_view::npos ? offset + 1 : offset - last;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

bool IsAccountName(std::string_view name) {
  return name.size() >= 3 && name.size() <= 24 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
         });
}

Status CheckAccount(const AccountConfig& account) {
  const std::string where = "account \"" + account.name + "\": ";
  if (!IsAccountName(account.name)) {
    return Bad(where + "the name must be 3 to 24 lower-case letters and digits");
  }
  if (account.keys.empty() || account.keys.size() > 2) {
    return Bad(where + "one or two keys are needed");
  }
  for (const auto& key : account.keys) {
    const auto raw = Base64Decode(key);
    if (!raw || raw->size() < 16) return Bad(where + "a key must be base64 of at least 16 bytes");
  }
  if (account.hierarchical) return Bad(where + "hierarchical accounts are not supported yet");
  return {};
}

}  // namespace

Status Check(const Config& config) {
  if (config.engine.data_dir.empty()) return Bad("engine.data_dir: is required");
  std::set<std::string> names;
  for (const auto& account : config.accounts) {
    BG_CHECK(CheckAccount(account));
    if (!names.insert(account.name).second) {
      return Bad("account \"" + account.name + "\": is there twice");
    }
  }
  if (config.listeners.empty()) return Bad("listeners: at least one is needed");
  const bool tls = std::ranges::any_of(config.listeners, [](const auto& l) { return l.tls; });
  if (tls && (config.tls.certificate_file.empty() || config.tls.key_file.empty())) {
    return Bad("tls: certificate_file and key_file are needed for a listener with tls");
  }
  for (const auto& suffix : config.suffixes) {
    if (suffix.empty() || suffix.front() == '.' || suffix != ToLower(suffix)) {
      return Bad("suffixes: \"" + suffix + "\" must be a lower-case name without leading dot");
    }
  }
  return {};
}

Result<Config> Parse(std::string_view text) {
  nlohmann::json object;
  try {
    object = nlohmann::json::parse(text, nullptr, true, true);
  } catch (const nlohmann::json::parse_error& e) {
    return Bad(Place(text, e.byte == 0 ? 0 : e.byte - 1) + ": not valid JSON");
  }
  Config config;
  BG_CHECK(ReadConfig(object, config));
  BG_CHECK(Check(config));
  return config;
}

Result<Config> Load(const std::string& file) {
  std::ifstream in(file);
  if (!in) return Fail(Errc::kNotFound, file + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  auto config = Parse(text.str());
  if (!config) return Fail(config.error().code, file + ": " + config.error().detail);
  return config;
}

}  // namespace blobgate::config
