#include "config/schema.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <utility>

#include "config/schema_internal.h"

namespace blobgate::config {
namespace {

using nlohmann::json;

std::string Join(const std::string& prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : prefix + "." + std::string(name);
}

std::unexpected<Error> Bad(const std::string& where, const std::string& what) {
  return Fail(Errc::kInvalidArgument, where + ": " + what);
}

// A field binds a name to a place in the struct T. Reading and documenting both walk the fields.
template <class T>
struct Field {
  std::string name;
  OptionDoc doc;
  bool required = false;
  std::function<Status(T&, const json&, const std::string& where)> read;
  std::function<void(std::vector<OptionDoc>&, const std::string& path)> document;
};

template <class T>
void DocumentLeaf(std::vector<OptionDoc>& out, const std::string& path, const Field<T>& field) {
  OptionDoc doc = field.doc;
  doc.path = path;
  if (field.required) doc.fallback = "(required)";
  out.push_back(std::move(doc));
}

template <class T>
Field<T> Text(std::string name, std::string T::* at, std::string help, bool required = false,
              bool secret = false) {
  Field<T> f;
  f.name = std::move(name);
  f.required = required;
  f.doc.type = "string";
  f.doc.help = std::move(help);
  f.doc.secret = secret;
  f.doc.fallback = json(T().*at).dump();
  f.read = [at](T& into, const json& v, const std::string& where) -> Status {
    if (!v.is_string()) return Bad(where, "must be a string");
    into.*at = v.get<std::string>();
    return {};
  };
  return f;
}

template <class T>
Field<T> Choice(std::string name, std::string T::* at, std::vector<std::string> values,
                std::string help) {
  Field<T> f = Text(std::move(name), at, std::move(help));
  f.doc.type = "one of";
  for (const auto& v : values) f.doc.type += " " + v;
  f.read = [at, values](T& into, const json& v, const std::string& where) -> Status {
    if (v.is_string()) {
      for (const auto& allowed : values) {
        if (v.get<std::string>() != allowed) continue;
        into.*at = allowed;
        return {};
      }
    }
    std::string list;
    for (const auto& allowed : values) list += (list.empty() ? "" : ", ") + allowed;
    return Bad(where, "must be one of " + list);
  };
  return f;
}

template <class T>
Field<T> Flag(std::string name, bool T::* at, std::string help) {
  Field<T> f;
  f.name = std::move(name);
  f.doc.type = "true | false";
  f.doc.help = std::move(help);
  f.doc.fallback = T().*at ? "true" : "false";
  f.read = [at](T& into, const json& v, const std::string& where) -> Status {
    if (!v.is_boolean()) return Bad(where, "must be true or false");
    into.*at = v.get<bool>();
    return {};
  };
  return f;
}

struct Range {
  std::uint64_t low;
  std::uint64_t high;
};

std::optional<std::uint64_t> WholeNumber(const json& v) {
  if (v.is_number_unsigned()) return v.get<std::uint64_t>();
  return std::nullopt;
}

template <class T, class N>
Field<T> Number(std::string name, N T::* at, Range range, std::string unit, std::string help) {
  Field<T> f;
  f.name = std::move(name);
  const std::string bounds = std::to_string(range.low) + ".." + std::to_string(range.high);
  f.doc.type = unit + " " + bounds;
  f.doc.help = std::move(help);
  if constexpr (requires(N n) { n.count(); }) {
    f.doc.fallback = std::to_string((T().*at).count());
  } else {
    f.doc.fallback = std::to_string(T().*at);
  }
  f.read = [at, range, bounds](T& into, const json& v, const std::string& where) -> Status {
    const auto n = WholeNumber(v);
    if (!n || *n < range.low || *n > range.high) {
      return Bad(where, "must be a whole number " + bounds);
    }
    into.*at = N(*n);
    return {};
  };
  return f;
}

template <class T>
Field<T> Texts(std::string name, std::vector<std::string> T::* at, std::string help,
               bool required = false, bool secret = false) {
  Field<T> f;
  f.name = std::move(name);
  f.required = required;
  f.doc.type = "list of strings";
  f.doc.help = std::move(help);
  f.doc.secret = secret;
  f.doc.fallback = json(T().*at).dump();
  f.read = [at](T& into, const json& v, const std::string& where) -> Status {
    if (!v.is_array()) return Bad(where, "must be a list of strings");
    std::vector<std::string> values;
    for (const auto& item : v) {
      if (!item.is_string()) return Bad(where, "must be a list of strings");
      values.push_back(item.get<std::string>());
    }
    into.*at = std::move(values);
    return {};
  };
  return f;
}

template <class T>
Status ReadObject(const std::vector<Field<T>>& fields, T& into, const json& object,
                  const std::string& where) {
  if (!object.is_object()) return Bad(where.empty() ? "the file" : where, "must be an object");
  for (const auto& [key, value] : object.items()) {
    const Field<T>* found = nullptr;
    for (const auto& field : fields) {
      if (field.name == key) found = &field;
    }
    if (!found) return Bad(Join(where, key), "unknown option");
    BG_CHECK(found->read(into, value, Join(where, key)));
  }
  for (const auto& field : fields) {
    if (field.required && !object.contains(field.name)) {
      return Bad(Join(where, field.name), "is required");
    }
  }
  return {};
}

template <class T>
void DocumentObject(const std::vector<Field<T>>& fields, std::vector<OptionDoc>& out,
                    const std::string& path) {
  for (const auto& field : fields) {
    const std::string at = Join(path, field.name);
    if (field.document) {
      field.document(out, at);
    } else {
      DocumentLeaf(out, at, field);
    }
  }
}

template <class T, class S>
Field<T> Section(std::string name, S T::* at, std::vector<Field<S>> fields, bool required = false) {
  Field<T> f;
  f.name = std::move(name);
  f.required = required;
  f.read = [at, fields](T& into, const json& v, const std::string& where) {
    return ReadObject(fields, into.*at, v, where);
  };
  f.document = [fields](std::vector<OptionDoc>& out, const std::string& path) {
    DocumentObject(fields, out, path);
  };
  return f;
}

template <class T, class S>
Field<T> List(std::string name, std::vector<S> T::* at, std::vector<Field<S>> fields) {
  Field<T> f;
  f.name = std::move(name);
  f.read = [at, fields](T& into, const json& v, const std::string& where) -> Status {
    if (!v.is_array()) return Bad(where, "must be a list of objects");
    for (std::size_t i = 0; i < v.size(); ++i) {
      S item;
      BG_CHECK(ReadObject(fields, item, v[i], where + "[" + std::to_string(i) + "]"));
      (into.*at).push_back(std::move(item));
    }
    return {};
  };
  f.document = [fields](std::vector<OptionDoc>& out, const std::string& path) {
    DocumentObject(fields, out, path + "[]");
  };
  return f;
}

constexpr std::uint64_t kMiB = 1024 * 1024;

std::vector<Field<ScrubConfig>> ScrubFields() {
  using S = ScrubConfig;
  return {
      Number("bytes_per_second", &S::bytes_per_second, Range{0, 16 * 1024 * kMiB}, "bytes",
             "How fast stored bytes are read in the background and compared with their checksums; "
             "0: never."),
      Number("interval", &S::interval, Range{60, 366 * 86400}, "seconds",
             "From the beginning of one pass over all stored bytes to the next."),
  };
}

std::vector<Field<EngineConfig>> EngineFields() {
  using E = EngineConfig;
  return {
      Text("data_dir", &E::data_dir, "Directory of the store; made when it does not exist.", true),
      Number("segment_bytes", &E::segment_bytes, Range{kMiB, 64 * 1024 * kMiB}, "bytes",
             "Size at which a segment file is sealed and a new one begun."),
      Number("read_cache_bytes", &E::read_cache_bytes, Range{0, 1024 * 1024 * kMiB}, "bytes",
             "Memory for verified pieces of blobs that are read often."),
      Number("catalog_cache_bytes", &E::catalog_cache_bytes, Range{kMiB, 1024 * 1024 * kMiB},
             "bytes", "Memory for catalog blocks."),
      Flag("direct_io", &E::direct_io,
           "Write segments past the page cache, where the file system can."),
      Number("rewrite_bytes_per_second", &E::rewrite_bytes_per_second, Range{0, 1024 * 1024 * kMiB},
             "bytes", "Speed at which sparse segments are copied together; 0: never."),
      Number("rewrite_live_percent", &E::rewrite_live_percent, Range{1, 90}, "percent",
             "A sealed segment less live than this is sparse."),
      Section("scrub", &E::scrub, ScrubFields()),
  };
}

std::vector<Field<ListenerConfig>> ListenerFields() {
  using L = ListenerConfig;
  return {
      Text("address", &L::address, "IPv4 or IPv6 address.", true),
      Number("port", &L::port, Range{0, 65535}, "port", "0: any free port."),
      Flag("tls", &L::tls, "HTTPS with the certificate of `tls`."),
      Text("socket", &L::socket,
           "Name of the socket that systemd passes for it (`FileDescriptorName=`). Empty: the one "
           "of this address and port. The daemon binds what is not passed."),
  };
}

std::vector<Field<EncryptionScopeConfig>> EncryptionScopeFields() {
  using E = EncryptionScopeConfig;
  return {
      Text("name", &E::name, "3 to 63 letters, digits and `-`, as clients name it.", true),
      Text(
          "key_file", &E::key_file,
          "File of mode 0600 with the key, base64 of 32 bytes (`openssl rand -base64 32`). Content "
          "of the scope cannot be read without it.",
          true),
  };
}

std::vector<Field<ChangeFeedConfig>> ChangeFeedFields() {
  using F = ChangeFeedConfig;
  return {
      Flag("enabled", &F::enabled,
           "Changes of blobs are written to the container `$blobchangefeed`. What happened while "
           "it was off is not."),
      Number("retention_days", &F::retention_days, Range{0, 146000}, "days",
             "Older segments are removed; 0: never."),
  };
}

std::vector<Field<BackgroundConfig>> BackgroundFields() {
  using B = BackgroundConfig;
  return {
      Number("change_feed_interval", &B::change_feed_interval, Range{1, 3600}, "seconds",
             "How often changes are moved to the change feed."),
      Number("lifecycle_interval", &B::lifecycle_interval, Range{1, 30 * 86400}, "seconds",
             "From one run of the lifecycle rules to the next."),
  };
}

std::vector<Field<AccountConfig>> AccountFields() {
  using A = AccountConfig;
  return {
      Text("name", &A::name, "3 to 24 lower-case letters and digits.", true),
      Texts("keys", &A::keys, "One or two keys, base64 of at least 16 bytes. Either signs.", true,
            true),
      Choice("kind", &A::kind, {"Storage", "BlobStorage", "StorageV2", "BlockBlobStorage"},
             "Answered by Get Account Information."),
      Choice("sku", &A::sku,
             {"Standard_LRS", "Standard_GRS", "Standard_RAGRS", "Standard_ZRS", "Standard_GZRS",
              "Standard_RAGZRS", "Premium_LRS", "Premium_ZRS"},
             "Answered by Get Account Information; Get Blob Service Stats needs one with `RA`."),
      Flag(
          "hierarchical", &A::hierarchical,
          "Containers made from now on have a hierarchical namespace (Data Lake Storage Gen2). Not "
          "together with versioning or the change feed."),
      Flag("versioning", &A::versioning,
           "Writes and deletes keep the former state of a blob as a version."),
      Number("container_delete_retention_days", &A::container_delete_retention_days, Range{0, 365},
             "days", "Deleted containers can be restored so long; 0: at once gone for good."),
      Flag("version_level_immutability", &A::version_level_immutability,
           "Immutability policies and legal holds can be put on the blobs of all containers; needs "
           "`versioning`."),
      Texts("immutable_containers", &A::immutable_containers,
            "Without `version_level_immutability`: only in these containers; needs `versioning`."),
      List("encryption_scopes", &A::encryption_scopes, EncryptionScopeFields()),
      Section("change_feed", &A::change_feed, ChangeFeedFields()),
      Text("lifecycle_policy_file", &A::lifecycle_policy_file,
           "File with lifecycle rules in the JSON form of Azure's management policies "
           "(`{\"rules\": [...]}`); empty: none."),
      Flag("last_access_time_tracking", &A::last_access_time_tracking,
           "Blobs remember when they were last read or written, at most one update in 24 hours."),
      Texts("website_hosts", &A::website_hosts,
            "Host names of the static website besides `ACCOUNT.zN.SUFFIX`, lower case, no port."),
      Texts("delegation_secrets", &A::delegation_secrets,
            "At most two, base64 of at least 32 bytes: user delegation keys are derived from the "
            "first, and those of both are honoured; taking one away revokes its keys. Empty: "
            "derived from `keys`.",
            false, true),
  };
}

std::vector<Field<IssuerConfig>> IssuerFields() {
  using I = IssuerConfig;
  return {
      Text("issuer", &I::issuer,
           "The `iss` of its tokens, letter for letter: `https://sts.windows.net/TENANT/` or "
           "`https://login.microsoftonline.com/TENANT/v2.0` for Entra ID.",
           true),
      Text("tenant", &I::tenant, "The tenant's GUID; no two issuers have the same.", true),
      Text("jwks_file", &I::jwks_file,
           "File with its public keys (JSON Web Key Set); read again when it changes."),
      Text("jwks_url", &I::jwks_url,
           "Instead of the file: https URL of the keys (plain http on this machine only). Fetched "
           "at start, when a token has an unknown key, and after `jwks_max_age`."),
  };
}

std::vector<Field<LocalIssuerConfig>> LocalIssuerFields() {
  using L = LocalIssuerConfig;
  return {
      Text("key_file", &L::key_file,
           "PEM file of mode 0600 with the private key (`blobgate token new-key`); empty: no local "
           "issuer."),
      Text("issuer", &L::issuer, "The `iss` of its tokens: an absolute URL of this server."),
      Text("tenant", &L::tenant, "A GUID of your choice."),
  };
}

std::vector<Field<RoleConfig>> RoleFields() {
  using R = RoleConfig;
  return {
      Text(
          "role", &R::role,
          "`Storage Blob Data Owner`, `Storage Blob Data Contributor`, `Storage Blob Data Reader`, "
          "`Storage Blob Delegator`, `Storage Account Contributor`, or one action "
          "(`Microsoft.Storage/storageAccounts/blobServices/...`).",
          true),
      Text("tenant", &R::tenant, "Only for tokens of this tenant."),
      Text("oid", &R::oid,
           "Object id of the user or service principal; `*`: everybody with a valid token."),
      Text("appid", &R::appid, "Application id (`appid` or `azp`)."),
      Text("group", &R::group, "One of the token's `groups`."),
      Text("app_role", &R::app_role, "One of the token's `roles`."),
      Text("sub", &R::sub, "The token's `sub`."),
      Text("account", &R::account, "Account name; `*`: every account.", true),
      Text("container", &R::container, "Only in this container."),
      Text("prefix", &R::prefix, "Only for blobs of the container whose names begin so."),
  };
}

std::vector<Field<OAuthConfig>> OAuthFields() {
  using O = OAuthConfig;
  return {
      List("issuers", &O::issuers, IssuerFields()),
      Section("local_issuer", &O::local_issuer, LocalIssuerFields()),
      Texts("audiences", &O::audiences,
            "Audiences of tokens for this server besides `https://storage.azure.com` and "
            "`https://ACCOUNT.SUFFIX`."),
      List("roles", &O::roles, RoleFields()),
      Text("authority", &O::authority, "Where the 401 challenge sends clients to log in."),
      Number("clock_skew", &O::clock_skew, Range{0, 600}, "seconds",
             "How far clocks of issuers may be off."),
      Number("jwks_max_age", &O::jwks_max_age, Range{60, 7 * 86400}, "seconds",
             "Keys from a URL are fetched again after this."),
      Text("ca_file", &O::ca_file, "PEM file of CAs for `jwks_url`, besides the system's."),
  };
}

std::vector<Field<LimitConfig>> LimitFields() {
  using L = LimitConfig;
  return {
      Number("max_connections", &L::max_connections, Range{1, 1000000}, "connections",
             "Further ones are answered 503 ServerBusy and closed."),
      Number("head_bytes", &L::head_bytes, Range{8192, kMiB}, "bytes",
             "Largest request head; 431 above."),
      Number("head_timeout", &L::head_timeout, Range{1, 3600}, "seconds",
             "From the first byte of a head, or of a TLS handshake, to its last."),
      Number("idle_timeout", &L::idle_timeout, Range{1, 86400}, "seconds",
             "A kept-alive connection without a request is closed after this."),
      Number("body_timeout", &L::body_timeout, Range{1, 3600}, "seconds",
             "Longest pause of a client that sends a body or takes a response."),
      Number("drain_timeout", &L::drain_timeout, Range{0, 3600}, "seconds",
             "From SIGTERM until requests still running are cut."),
  };
}

std::vector<Field<RehydrationConfig>> RehydrationFields() {
  using R = RehydrationConfig;
  constexpr Range kTimes{0, 15 * 86400};
  return {
      Number("standard", &R::standard, kTimes, "seconds",
             "How long a blob stays archived after Set Blob Tier or Copy Blob asked for it back."),
      Number("high", &R::high, kTimes, "seconds", "The same with `x-ms-rehydrate-priority: High`."),
  };
}

std::vector<Field<Config>> ConfigFields() {
  using C = Config;
  return {
      Section("engine", &C::engine, EngineFields(), true),
      List("listeners", &C::listeners, ListenerFields()),
      List("monitor_listeners", &C::monitor_listeners, ListenerFields()),
      Section("tls", &C::tls,
              std::vector<Field<TlsConfig>>{
                  Text("certificate_file", &TlsConfig::certificate_file,
                       "PEM file: the server's certificate, then its chain."),
                  Text("key_file", &TlsConfig::key_file, "PEM file: the private key.")}),
      Texts("suffixes", &C::suffixes,
            "Host names `ACCOUNT.SUFFIX` are host style; every other host is path style."),
      Texts("web_suffixes", &C::web_suffixes,
            "Host names `ACCOUNT.SUFFIX` and `ACCOUNT.zN.SUFFIX` are static websites."),
      List("accounts", &C::accounts, AccountFields()),
      Section("background", &C::background, BackgroundFields()),
      Section("oauth", &C::oauth, OAuthFields()),
      Section("copy_sources", &C::copy_sources,
              std::vector<Field<CopySourceConfig>>{
                  Texts("allowed_hosts", &CopySourceConfig::allowed_hosts,
                        "Hosts besides this server that copies may read: exact, `*.suffix` or `*`. "
                        "Private and loopback addresses must be named exactly."),
                  Text("ca_file", &CopySourceConfig::ca_file,
                       "PEM file of CAs for https sources; empty: the system's.")}),
      Section("limits", &C::limits, LimitFields()),
      Section("rehydration", &C::rehydration, RehydrationFields()),
      Number("threads", &C::threads, Range{0, 256}, "threads", "I/O threads; 0: one per core."),
      Choice("log_level", &C::log_level, {"debug", "info", "warn", "error"},
             "Least severe messages that are logged."),
      Choice("log_format", &C::log_format, {"text", "json"}, "One line per message either way."),
      Text("access_log", &C::access_log,
           "File with one line a request; empty: with the log; `off`: none."),
      Choice("access_log_format", &C::access_log_format, {"as_log", "analytics"},
             "`as_log`: as `log_format` says; `analytics`: as Azure's Storage Analytics has it, "
             "version 2.0."),
  };
}

}  // namespace

Status ReadConfig(const nlohmann::json& object, Config& config) {
  return ReadObject(ConfigFields(), config, object, "");
}

std::vector<OptionDoc> Documentation() {
  std::vector<OptionDoc> out;
  DocumentObject(ConfigFields(), out, "");
  return out;
}

std::string DocumentationMarkdown() {
  std::string out =
      "# Configuration\n\n"
      "One JSON file; `//` comments are allowed. Unknown options are errors. "
      "Written by `blobgate config-docs`.\n\n"
      "| option | type | default | meaning |\n|---|---|---|---|\n";
  for (const auto& o : Documentation()) {
    out += "| `" + o.path + "` | " + o.type + " | " +
           (o.fallback == "(required)" ? o.fallback : "`" + o.fallback + "`") + " | " + o.help +
           (o.secret ? " Secret." : "") + " |\n";
  }
  return out;
}

}  // namespace blobgate::config
