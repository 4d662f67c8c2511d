// The configuration file: one JSON object (docs/configuration.md, config/blobgate.json).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blobgate::config {

struct EncryptionScopeConfig {
  std::string name;
  std::string key_file;  ///< base64 of 32 bytes
};

/// What wraps the keys of accounts: one of a file and a command.
struct MasterKeyConfig {
  std::string name;
  std::string key_file;              ///< base64 of 32 bytes
  std::vector<std::string> command;  ///< program and arguments; no shell
  std::chrono::seconds command_timeout{10};
};

struct AccountEncryptionConfig {
  bool enabled = false;
  std::string master_key;  ///< name; empty: the first of Config::master_keys
};

struct ChangeFeedConfig {
  bool enabled = false;
  std::uint64_t retention_days = 0;  ///< 0: kept for good
};

/// 0: as much as there is.
struct AccountLimitConfig {
  std::uint64_t requests_per_second = 0;
  std::uint64_t ingress_bytes_per_second = 0;
  std::uint64_t egress_bytes_per_second = 0;
  std::uint64_t capacity_bytes = 0;
};

struct AccountConfig {
  std::string name;
  std::vector<std::string> keys;       ///< base64; one or two, those of key_files included
  std::vector<std::string> key_files;  ///< what Parse took the last of `keys` from
  std::string kind = "StorageV2";
  std::string sku = "Standard_LRS";
  bool hierarchical = false;
  bool disabled = false;
  bool https_only = false;
  bool allow_shared_key_access = true;
  bool allow_blob_public_access = true;
  /// base64; what user delegation keys are derived from. Empty: derived from `keys`.
  std::vector<std::string> delegation_secrets;
  bool versioning = false;
  std::uint64_t container_delete_retention_days = 0;  ///< 0: off
  bool version_level_immutability = false;            ///< in all containers
  std::vector<std::string> immutable_containers;      ///< else in these
  std::vector<EncryptionScopeConfig> encryption_scopes;
  AccountEncryptionConfig encryption;
  ChangeFeedConfig change_feed;
  AccountLimitConfig limits;
  std::string lifecycle_policy_file;  ///< JSON as Azure's management policies; empty: no rules
  bool last_access_time_tracking = false;
  std::vector<std::string> website_hosts;  ///< lower case, without port
};

struct ListenerConfig {
  std::string address;
  std::uint16_t port = 0;  ///< 0: any free port (tests)
  bool tls = false;
  std::string socket{};  ///< name of a passed socket; empty: one of this address and port, if any
};

struct ConsoleConfig {
  std::vector<ListenerConfig> listeners;  ///< empty: there is no console
  std::chrono::seconds session_lifetime{3600};
};

struct TlsConfig {
  std::string certificate_file;  ///< PEM, chain included
  std::string key_file;          ///< PEM
};

struct CopySourceConfig {
  /// Hosts (exact, or "*.suffix") that copies may read from besides ourselves. "*" allows every
  /// public host. Loopback, private and link-local addresses are refused unless named exactly.
  std::vector<std::string> allowed_hosts;
  std::string ca_file;  ///< PEM with CAs for outside sources; empty: the system's
};

struct IssuerConfig {
  std::string issuer;     ///< `iss` of its tokens, letter for letter
  std::string tenant;     ///< a GUID
  std::string jwks_file;  ///< one of these two
  std::string jwks_url;
};

struct LocalIssuerConfig {
  std::string key_file;  ///< PEM; empty: there is no local issuer
  std::string issuer;    ///< an absolute URL
  std::string tenant;    ///< a GUID
};

/// One role for whoever matches all selectors that are not empty.
struct RoleConfig {
  std::string role;  ///< a built-in role or an action, by Azure's name
  std::string tenant;
  std::string oid;
  std::string appid;
  std::string group;
  std::string app_role;
  std::string sub;
  std::string account;  ///< `*`: every account
  std::string container;
  std::string prefix;
};

struct OAuthConfig {
  std::vector<IssuerConfig> issuers;
  LocalIssuerConfig local_issuer;
  std::vector<std::string> audiences;
  std::vector<RoleConfig> roles;
  std::string authority = "https://login.microsoftonline.com";
  std::chrono::seconds clock_skew{300};
  std::chrono::seconds jwks_max_age{3600};
  std::string ca_file;

  bool enabled() const { return !issuers.empty() || !local_issuer.key_file.empty(); }
};

struct LimitConfig {
  std::uint64_t max_connections = 4096;
  std::uint64_t head_bytes = 64 * 1024;
  std::chrono::seconds head_timeout{30};
  std::chrono::seconds idle_timeout{240};
  std::chrono::seconds body_timeout{60};   ///< between two reads or writes that make progress
  std::chrono::seconds drain_timeout{30};  ///< from SIGTERM to cutting what is left
};

struct ScrubConfig {
  std::uint64_t bytes_per_second = 8ull * 1024 * 1024;  ///< 0: off
  std::chrono::seconds interval{7 * 24 * 3600};
};

struct BackgroundConfig {
  std::chrono::seconds change_feed_interval{60};
  std::chrono::seconds lifecycle_interval{24 * 3600};
};

struct EngineConfig {
  std::string data_dir;
  std::uint64_t segment_bytes = 1024ull * 1024 * 1024;
  std::uint64_t read_cache_bytes = 32ull * 1024 * 1024;
  std::uint64_t catalog_cache_bytes = 32ull * 1024 * 1024;
  bool direct_io = true;
  std::uint64_t rewrite_bytes_per_second = 16ull * 1024 * 1024;
  std::uint64_t rewrite_live_percent = 30;
  ScrubConfig scrub;
};

struct RehydrationConfig {
  std::chrono::seconds standard{5};
  std::chrono::seconds high{1};
};

struct Config {
  std::string file;  ///< where it was read; empty: nowhere
  EngineConfig engine;
  std::vector<ListenerConfig> listeners;
  std::vector<ListenerConfig> monitor_listeners;  ///< metrics and health; empty: none
  ConsoleConfig console;
  TlsConfig tls;
  std::vector<std::string> suffixes{"blob.core.windows.net", "blob.localhost",
                                    "dfs.core.windows.net", "dfs.localhost"};
  std::vector<std::string> web_suffixes{"web.core.windows.net", "web.localhost"};
  std::vector<AccountConfig> accounts;
  std::vector<MasterKeyConfig> master_keys;
  BackgroundConfig background;
  OAuthConfig oauth;
  CopySourceConfig copy_sources;
  LimitConfig limits;
  RehydrationConfig rehydration;
  unsigned threads = 0;  ///< io threads; 0: one per core
  std::string log_level = "info";
  std::string log_format = "text";           ///< text | json
  std::string access_log;                    ///< file; empty: with the log; "off": none
  std::string access_log_format = "as_log";  ///< as_log | analytics
};

/// The master key that `account` names. Null: there is none of that name.
const MasterKeyConfig* MasterKeyOf(const Config& config, const AccountConfig& account);

/// Parses and checks; unknown keys, wrong types, values out of range and weak combinations are
/// errors that name the place. `text` is JSON; comments (//) are allowed.
Result<Config> Parse(std::string_view text);
/// The same of a file, under what the process's environment sets (config/environment.h).
Result<Config> Load(const std::string& file);
/// Checks what Parse checks between fields; for a Config built in code.
Status Check(const Config& config);
/// What may be meant otherwise, but stops nothing: roles for accounts that there are not.
std::vector<std::string> Warnings(const Config& config);

}  // namespace blobgate::config
