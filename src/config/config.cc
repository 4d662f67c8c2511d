#include "config/config.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/encoding.h"
#include "base/secret_file.h"
#include "config/environment.h"
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

bool IsScopeName(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-';
         });
}

/// Immutability and encryption.
Status CheckProtection(const AccountConfig& account, const std::string& where) {
  const bool immutable =
      account.version_level_immutability || !account.immutable_containers.empty();
  if (immutable && !account.versioning) {
    return Bad(where + "version_level_immutability and immutable_containers need versioning");
  }
  std::set<std::string> names;
  for (const auto& scope : account.encryption_scopes) {
    if (!IsScopeName(scope.name)) {
      return Bad(where + "an encryption scope is named by 3 to 63 letters, digits and -");
    }
    if (!names.insert(scope.name).second) {
      return Bad(where + "encryption scope \"" + scope.name + "\" is there twice");
    }
    if (scope.key_file.empty()) return Bad(where + "an encryption scope needs a key_file");
  }
  return {};
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
  if (account.delegation_secrets.size() > 2) return Bad(where + "at most two delegation_secrets");
  for (const auto& secret : account.delegation_secrets) {
    const auto raw = Base64Decode(secret);
    if (!raw || raw->size() < 32) {
      return Bad(where + "a delegation secret must be base64 of at least 32 bytes");
    }
  }
  BG_CHECK(CheckProtection(account, where));
  if (account.hierarchical && account.versioning) {
    return Bad(where + "hierarchical accounts have no versions");
  }
  if (account.hierarchical && account.change_feed.enabled) {
    return Bad(where + "hierarchical accounts have no change feed");
  }
  return {};
}

bool IsGuid(std::string_view text) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return text.size() == kForm.size() && std::ranges::equal(text, kForm, [](char c, char form) {
           const bool hex =
               (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           return form == 'x' ? hex : c == form;
         });
}

// Tokens and keys must not cross a network in the open.
bool IsHttpsOrLoopback(std::string_view url) {
  if (url.starts_with("https://")) return true;
  for (const std::string_view host : {"http://127.0.0.1", "http://localhost", "http://[::1]"}) {
    const std::string_view rest = url.substr(std::min(host.size(), url.size()));
    if (url.starts_with(host) && (rest.empty() || rest[0] == ':' || rest[0] == '/')) return true;
  }
  return false;
}

Status CheckIssuer(const IssuerConfig& issuer) {
  const std::string where = "oauth.issuers: \"" + issuer.issuer + "\": ";
  if (issuer.issuer.empty()) return Bad("oauth.issuers: issuer is empty");
  if (!IsGuid(issuer.tenant)) return Bad(where + "tenant must be a GUID");
  if (issuer.jwks_file.empty() == issuer.jwks_url.empty()) {
    return Bad(where + "one of jwks_file and jwks_url is needed");
  }
  if (!issuer.jwks_url.empty() && !IsHttpsOrLoopback(issuer.jwks_url)) {
    return Bad(where + "jwks_url must be https");
  }
  return {};
}

Status CheckLocalIssuer(const LocalIssuerConfig& local) {
  if (local.key_file.empty()) return {};
  if (!IsGuid(local.tenant)) return Bad("oauth.local_issuer: tenant must be a GUID");
  if (!IsHttpsOrLoopback(local.issuer)) {
    return Bad("oauth.local_issuer: issuer must be an https URL");
  }
  return {};
}

std::string PlaceOf(const RoleConfig& role) {
  return "oauth.roles: \"" + role.role + "\": ";
}

Status CheckRole(const RoleConfig& role) {
  const std::string where = PlaceOf(role);
  if ((role.oid + role.appid + role.group + role.app_role + role.sub).empty()) {
    return Bad(where + "one of oid, appid, group, app_role and sub is needed");
  }
  if (role.account != "*" && !IsAccountName(role.account)) {
    return Bad(where + "\"" + role.account + "\" is no name of an account");
  }
  if (!role.prefix.empty() && role.container.empty()) {
    return Bad(where + "a prefix needs a container");
  }
  return {};
}

Status CheckOAuth(const OAuthConfig& oauth) {
  std::set<std::string> names, tenants;
  const auto add = [&](const std::string& name, const std::string& tenant) -> Status {
    if (!names.insert(name).second) return Bad("oauth: issuer \"" + name + "\" is there twice");
    if (!tenants.insert(ToLower(tenant)).second) {
      return Bad("oauth: tenant \"" + tenant + "\" has two issuers");
    }
    return {};
  };
  for (const auto& issuer : oauth.issuers) {
    BG_CHECK(CheckIssuer(issuer));
    BG_CHECK(add(issuer.issuer, issuer.tenant));
  }
  BG_CHECK(CheckLocalIssuer(oauth.local_issuer));
  if (!oauth.local_issuer.key_file.empty()) {
    BG_CHECK(add(oauth.local_issuer.issuer, oauth.local_issuer.tenant));
  }
  for (const auto& role : oauth.roles) BG_CHECK(CheckRole(role));
  const bool clean = oauth.authority.find_first_of(" ,\"\r\n\t") == std::string::npos;
  if (!clean || !IsHttpsOrLoopback(oauth.authority)) {
    return Bad("oauth.authority: must be an https URL");
  }
  return {};
}

/// The first word of each file.
Status ReadKeyFiles(AccountConfig& account) {
  for (const std::string& file : account.key_files) {
    auto content = ReadSecretFile(file);
    if (!content) return Bad("account \"" + account.name + "\": " + content.error().detail);
    account.keys.push_back(content->substr(0, content->find_first_of(" \t\r\n")));
  }
  return {};
}

// The token and the cookie of a session must not cross a network in the open.
Status CheckConsole(const ConsoleConfig& console) {
  for (const auto& listener : console.listeners) {
    const bool loopback = listener.address.starts_with("127.") || listener.address == "::1";
    if (listener.tls || loopback) continue;
    return Bad("console.listeners: " + listener.address +
               " needs tls: only a loopback address may do without");
  }
  return {};
}

Status CheckSuffixes(const std::string& option, const std::vector<std::string>& suffixes) {
  for (const auto& suffix : suffixes) {
    if (suffix.empty() || suffix.front() == '.' || suffix != ToLower(suffix)) {
      return Bad(option + ": \"" + suffix + "\" must be a lower-case name without leading dot");
    }
  }
  return {};
}

Status CheckWebsiteHosts(const std::vector<AccountConfig>& accounts) {
  std::set<std::string> seen;
  for (const auto& account : accounts) {
    for (const auto& host : account.website_hosts) {
      const std::string where = "account \"" + account.name + "\": website host \"" + host + "\" ";
      if (host.empty() || host != ToLower(host) || host.find(':') != std::string::npos) {
        return Bad(where + "must be a lower-case name without port");
      }
      if (!seen.insert(host).second) return Bad(where + "is there twice");
    }
  }
  return {};
}

Status CheckMasterKeys(const std::vector<MasterKeyConfig>& keys) {
  std::set<std::string> names;
  for (const auto& key : keys) {
    const std::string where = "master_keys: \"" + key.name + "\": ";
    if (!IsScopeName(key.name)) return Bad(where + "a name is 3 to 63 letters, digits and -");
    if (!names.insert(key.name).second) return Bad(where + "is there twice");
    if (key.key_file.empty() == key.command.empty()) {
      return Bad(where + "one of key_file and command is needed");
    }
    if (!key.command.empty() && !key.command.front().starts_with('/')) {
      return Bad(where + "the command must begin with the absolute path of a program");
    }
  }
  return {};
}

Status CheckEncryption(const Config& config, const AccountConfig& account) {
  const AccountEncryptionConfig& encryption = account.encryption;
  if (!encryption.enabled && encryption.master_key.empty()) return {};
  if (MasterKeyOf(config, account) != nullptr) return {};
  const std::string where = "account \"" + account.name + "\": encryption";
  if (encryption.master_key.empty()) return Bad(where + " needs one of master_keys");
  return Bad(where + ".master_key: there is no \"" + encryption.master_key + "\" in master_keys");
}

}  // namespace

const MasterKeyConfig* MasterKeyOf(const Config& config, const AccountConfig& account) {
  const std::string& name = account.encryption.master_key;
  const auto found = name.empty()
                         ? config.master_keys.begin()
                         : std::ranges::find(config.master_keys, name, &MasterKeyConfig::name);
  return found == config.master_keys.end() ? nullptr : &*found;
}

Status Check(const Config& config) {
  if (config.engine.data_dir.empty()) return Bad("engine.data_dir: is required");
  BG_CHECK(CheckMasterKeys(config.master_keys));
  std::set<std::string> names;
  for (const auto& account : config.accounts) {
    BG_CHECK(CheckAccount(account));
    BG_CHECK(CheckEncryption(config, account));
    if (!names.insert(account.name).second) {
      return Bad("account \"" + account.name + "\": is there twice");
    }
  }
  BG_CHECK(CheckOAuth(config.oauth));
  if (config.listeners.empty()) return Bad("listeners: at least one is needed");
  const auto is_tls = [](const auto& listener) { return listener.tls; };
  const bool tls = std::ranges::any_of(config.listeners, is_tls) ||
                   std::ranges::any_of(config.monitor_listeners, is_tls) ||
                   std::ranges::any_of(config.console.listeners, is_tls);
  if (tls && (config.tls.certificate_file.empty() || config.tls.key_file.empty())) {
    return Bad("tls: certificate_file and key_file are needed for a listener with tls");
  }
  BG_CHECK(CheckConsole(config.console));
  BG_CHECK(CheckSuffixes("suffixes", config.suffixes));
  BG_CHECK(CheckSuffixes("web_suffixes", config.web_suffixes));
  return CheckWebsiteHosts(config.accounts);
}

// The account may yet be made by command (server/account_registry.h).
std::vector<std::string> Warnings(const Config& config) {
  std::vector<std::string> out;
  for (const auto& role : config.oauth.roles) {
    const bool known = role.account == "*" ||
                       std::ranges::find(config.accounts, role.account, &AccountConfig::name) !=
                           config.accounts.end();
    if (!known) out.push_back(PlaceOf(role) + "there is no account \"" + role.account + "\"");
  }
  return out;
}

Result<Config> Parse(std::string_view text) {
  return Parse(text, [](const std::string&) { return nullptr; });
}

Result<Config> Parse(std::string_view text, const Environment& environment) {
  nlohmann::json object;
  try {
    object = nlohmann::json::parse(text, nullptr, true, true);
  } catch (const nlohmann::json::parse_error& e) {
    return Bad(Place(text, e.byte == 0 ? 0 : e.byte - 1) + ": not valid JSON");
  } catch (const nlohmann::json::out_of_range& e) {  // it names the number, but not the place
    return Bad(std::string("a number is too large: ") + e.what());
  }
  BG_CHECK(ApplyEnvironment(environment, object));
  Config config;
  BG_CHECK(ReadConfig(object, config));
  for (auto& account : config.accounts) BG_CHECK(ReadKeyFiles(account));
  BG_CHECK(Check(config));
  return config;
}

Result<Config> Load(const std::string& file) {
  std::ifstream in(file);
  if (!in) return Fail(Errc::kNotFound, file + ": cannot be read");
  std::ostringstream text;
  text << in.rdbuf();
  auto config =
      Parse(text.str(), [](const std::string& name) { return std::getenv(name.c_str()); });
  if (!config) return Fail(config.error().code, file + ": " + config.error().detail);
  config->file = file;
  return config;
}

}  // namespace blobgate::config
