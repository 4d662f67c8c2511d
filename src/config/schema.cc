#include "config/schema.h"

#include <algorithm>
#include <cstdlib>
#include <map>
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

// A field binds a name to a place in the struct T. Reading, writing, comparing and documenting all
// walk the fields.
template <class T>
struct Field {
  std::string name;
  OptionDoc doc;
  bool required = false;
  std::function<Status(T&, const json&, const std::string& where)> read;
  /// Of a section: is all there that is required?
  std::function<Status(const json&, const std::string& where)> check_required;
  std::function<json(const T&, Which)> write;
  std::function<void(std::vector<OptionDoc>&, const std::string& path)> document;
  /// Null: a leaf, whose written value says all.
  std::function<void(const T& before, const T& after, const std::string& path,
                     std::vector<Change>& out)>
      compare;
  /// Takes over what needs no restart.
  std::function<void(T& into, const T& from)> take;
};

template <class V>
json Written(const V& value) {
  if constexpr (requires { value.count(); }) {
    return static_cast<std::uint64_t>(value.count());
  } else {
    return value;
  }
}

template <class T, class V>
void BindLeaf(Field<T>& field, V T::* at) {
  field.write = [at](const T& from, Which) { return Written(from.*at); };
  field.take = [at](T& into, const T& from) { into.*at = from.*at; };
}

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
  BindLeaf(f, at);
  f.read = [at](T& into, const json& v, const std::string& where) -> Status {
    if (!v.is_string()) return Bad(where, "must be a string");
    into.*at = v.get<std::string>();
    return {};
  };
  return f;
}

/// "$CREDENTIALS_DIRECTORY/NAME" is the credential of that name that systemd passes.
Result<std::string> PathOf(const std::string& text, const std::string& where) {
  constexpr std::string_view kVariable = "$CREDENTIALS_DIRECTORY";
  if (!text.starts_with(std::string(kVariable) + "/")) return text;
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr) return Bad(where, "systemd passes no credentials here");
  return directory + text.substr(kVariable.size());
}

template <class T>
Field<T> File(std::string name, std::string T::* at, std::string help, bool required = false) {
  Field<T> f = Text(std::move(name), at, std::move(help), required);
  f.doc.type = "file";
  f.read = [at](T& into, const json& v, const std::string& where) -> Status {
    if (!v.is_string()) return Bad(where, "must be a string");
    BG_TRY(into.*at, PathOf(v.get<std::string>(), where));
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
  f.doc.form = Form::kFlag;
  f.doc.help = std::move(help);
  BindLeaf(f, at);
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
  f.doc.form = Form::kNumber;
  f.doc.help = std::move(help);
  BindLeaf(f, at);
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
  f.doc.form = Form::kTexts;
  f.doc.help = std::move(help);
  BindLeaf(f, at);
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

/// What `object` does not name stays as it is.
template <class T>
Status ReadGiven(const std::vector<Field<T>>& fields, T& into, const json& object,
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
  return {};
}

template <class T>
Status CheckRequired(const std::vector<Field<T>>& fields, const json& object,
                     const std::string& where) {
  for (const auto& field : fields) {
    const auto found = object.find(field.name);
    if (found == object.end()) {
      if (field.required) return Bad(Join(where, field.name), "is required");
    } else if (field.check_required) {
      BG_CHECK(field.check_required(*found, Join(where, field.name)));
    }
  }
  return {};
}

template <class T>
Status ReadObject(const std::vector<Field<T>>& fields, T& into, const json& object,
                  const std::string& where) {
  BG_CHECK(ReadGiven(fields, into, object, where));
  return CheckRequired(fields, object, where);
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

template <class T>
Field<T> Files(std::string name, std::vector<std::string> T::* at, std::string help) {
  Field<T> f = Texts(std::move(name), at, std::move(help));
  f.doc.type = "list of files";
  f.read = [at, texts = f.read](T& into, const json& v, const std::string& where) -> Status {
    BG_CHECK(texts(into, v, where));
    for (std::string& path : into.*at) {
      BG_TRY(path, PathOf(path, where));
    }
    return {};
  };
  return f;
}

template <class T>
json WriteObject(const std::vector<Field<T>>& fields, const T& from, Which which) {
  static const T standard{};
  json out = json::object();
  for (const auto& field : fields) {
    if (which == Which::kPublic && field.doc.secret) continue;
    json value = field.write(from, which);
    const bool optional = which == Which::kNotDefault && !field.required;
    if (!optional || value != field.write(standard, which)) out[field.name] = std::move(value);
  }
  return out;
}

template <class T>
void CompareObject(const std::vector<Field<T>>& fields, const T& before, const T& after,
                   const std::string& path, std::vector<Change>& out) {
  for (const auto& field : fields) {
    const std::string at = Join(path, field.name);
    if (field.compare) {
      field.compare(before, after, at, out);
      continue;
    }
    const json old = field.write(before, Which::kAll);
    const json now = field.write(after, Which::kAll);
    if (old == now) continue;
    Change change{.path = at, .needs_restart = field.doc.needs_restart};
    if (!field.doc.secret) {
      change.before = old.dump(-1, ' ', false, json::error_handler_t::replace);
      change.after = now.dump(-1, ' ', false, json::error_handler_t::replace);
    }
    out.push_back(std::move(change));
  }
}

template <class T>
void TakeObject(const std::vector<Field<T>>& fields, T& into, const T& from) {
  for (const auto& field : fields) {
    if (field.compare || !field.doc.needs_restart) field.take(into, from);
  }
}

template <class S>
bool NeedsRestart(const std::vector<Field<S>>& fields) {
  std::vector<OptionDoc> docs;
  DocumentObject(fields, docs, "");
  return std::ranges::any_of(docs, &OptionDoc::needs_restart);
}

// Elements with a name are told apart by it, others by their place.
template <class S>
std::string ElementName(const S& element, std::size_t index) {
  if constexpr (requires { element.name; }) return element.name;
  return std::to_string(index);
}

template <class S>
std::map<std::string, const S*> ByName(const std::vector<S>& list) {
  std::map<std::string, const S*> out;
  for (std::size_t i = 0; i < list.size(); ++i) out[ElementName(list[i], i)] = &list[i];
  return out;
}

template <class S>
void CompareLists(const std::vector<Field<S>>& fields, const std::vector<S>& before,
                  const std::vector<S>& after, const std::string& path, std::vector<Change>& out) {
  const auto old = ByName(before);
  const auto now = ByName(after);
  const bool restart = NeedsRestart(fields);
  for (const auto& [name, element] : old) {
    if (now.contains(name)) continue;
    out.push_back({.kind = Change::Kind::kRemoved,
                   .path = path + "[" + name + "]",
                   .needs_restart = restart});
  }
  for (const auto& [name, element] : now) {
    const std::string at = path + "[" + name + "]";
    if (const auto was = old.find(name); was != old.end()) {
      CompareObject(fields, *was->second, *element, at, out);
    } else {
      out.push_back({.kind = Change::Kind::kAdded, .path = at, .needs_restart = restart});
    }
  }
}

/// This option is applied by a reload; for a section or list Live goes around its own fields.
template <class T>
Field<T> Live(Field<T> field) {
  field.doc.needs_restart = false;
  return field;
}

template <class T>
std::vector<Field<T>> Live(std::vector<Field<T>> fields) {
  for (auto& field : fields) field.doc.needs_restart = false;
  return fields;
}

template <class T, class S>
Field<T> Section(std::string name, S T::* at, std::vector<Field<S>> fields, bool required = false) {
  Field<T> f;
  f.name = std::move(name);
  f.required = required;
  f.read = [at, fields](T& into, const json& v, const std::string& where) {
    return ReadGiven(fields, into.*at, v, where);
  };
  f.check_required = [fields](const json& v, const std::string& where) {
    return CheckRequired(fields, v, where);
  };
  f.document = [fields](std::vector<OptionDoc>& out, const std::string& path) {
    DocumentObject(fields, out, path);
  };
  f.write = [at, fields](const T& from, Which which) {
    return WriteObject(fields, from.*at, which);
  };
  f.compare = [at, fields](const T& before, const T& after, const std::string& path,
                           std::vector<Change>& out) {
    CompareObject(fields, before.*at, after.*at, path, out);
  };
  f.take = [at, fields](T& into, const T& from) { TakeObject(fields, into.*at, from.*at); };
  return f;
}

template <class T, class S>
Field<T> List(std::string name, std::vector<S> T::* at, std::vector<Field<S>> fields) {
  Field<T> f;
  f.name = std::move(name);
  f.read = [at, fields](T& into, const json& v, const std::string& where) -> Status {
    if (!v.is_array()) return Bad(where, "must be a list of objects");
    std::vector<S> list;
    for (std::size_t i = 0; i < v.size(); ++i) {
      S item;
      BG_CHECK(ReadObject(fields, item, v[i], where + "[" + std::to_string(i) + "]"));
      list.push_back(std::move(item));
    }
    into.*at = std::move(list);
    return {};
  };
  f.document = [fields](std::vector<OptionDoc>& out, const std::string& path) {
    DocumentObject(fields, out, path + "[]");
  };
  f.write = [at, fields](const T& from, Which which) {
    json out = json::array();
    for (const S& item : from.*at) out.push_back(WriteObject(fields, item, which));
    return out;
  };
  f.compare = [at, fields](const T& before, const T& after, const std::string& path,
                           std::vector<Change>& out) {
    CompareLists(fields, before.*at, after.*at, path, out);
  };
  f.take = [at, whole = !NeedsRestart(fields)](T& into, const T& from) {
    if (whole) into.*at = from.*at;
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
             "bytes",
             "Memory for catalog blocks, and a quarter of it for rows that are read often."),
      Flag("direct_io", &E::direct_io,
           "Read and write segments past the page cache, where the file system can."),
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
      File(
          "key_file", &E::key_file,
          "File of mode 0600 with the key, base64 of 32 bytes (`openssl rand -base64 32`). Content "
          "of the scope cannot be read without it.",
          true),
  };
}

std::vector<Field<MasterKeyConfig>> MasterKeyFields() {
  using M = MasterKeyConfig;
  return {
      Text("name", &M::name, "3 to 63 letters, digits and `-`.", true),
      File("key_file", &M::key_file,
           "File of mode 0600 with the key, base64 of 32 bytes (`openssl rand -base64 32`)."),
      Texts("command", &M::command,
            "Instead of the file: program (absolute path) and arguments, run without a shell with "
            "one more argument, `wrap` or `unwrap`, to have a key vault or HSM do it "
            "([encryption.md](encryption.md))."),
      Number("command_timeout", &M::command_timeout, Range{1, 60}, "seconds",
             "A command that takes longer is killed."),
  };
}

std::vector<Field<AccountEncryptionConfig>> AccountEncryptionFields() {
  using E = AccountEncryptionConfig;
  return {
      Flag("enabled", &E::enabled,
           "What is written from now on without a customer's key or an encryption scope is "
           "encrypted under a key of the account. What is there stays as it is."),
      Text("master_key", &E::master_key,
           "The one of `master_keys` that wraps the account's key; empty: the first."),
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

std::vector<Field<AccountLimitConfig>> AccountLimitFields() {
  using L = AccountLimitConfig;
  constexpr Range kBytes{0, 1ull << 50};
  return {
      Number(
          "requests_per_second", &L::requests_per_second, Range{0, 1'000'000'000}, "requests",
          "More are answered 503 ServerBusy with Retry-After; 0: no limit. Batches count each of "
          "their requests."),
      Number("ingress_bytes_per_second", &L::ingress_bytes_per_second, kBytes, "bytes",
             "The same for bytes of request bodies. A body larger than a second's worth is taken, "
             "and earned before the next one."),
      Number("egress_bytes_per_second", &L::egress_bytes_per_second, kBytes, "bytes",
             "The same for bytes of answers, counted when they were sent."),
      Number("capacity_bytes", &L::capacity_bytes, Range{0, 1ull << 60}, "bytes",
             "So much content may be stored. More is answered 507 CapacityQuotaExceeded "
             "([service.md](service.md#limits-of-an-account)); 0: no limit."),
  };
}

std::vector<Field<AccountConfig>> AccountFields() {
  using A = AccountConfig;
  return {
      Text("name", &A::name, "3 to 24 lower-case letters and digits.", true),
      Texts("keys", &A::keys,
            "One or two keys, base64 of at least 16 bytes, those of `key_files` included. Either "
            "signs.",
            false, true),
      Files("key_files", &A::key_files, "Files of mode 0600 with one key each, instead of `keys`."),
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
      Flag("disabled", &A::disabled,
           "Every request is refused with 403 AccountIsDisabled; the data stays."),
      Flag(
          "https_only", &A::https_only,
          "Requests over HTTP are refused with 400 AccountRequiresHttps (Azure's \"secure transfer "
          "required\")."),
      Flag("allow_shared_key_access", &A::allow_shared_key_access,
           "What is signed with an account key, SAS too, is honoured; otherwise 403 "
           "KeyBasedAuthenticationNotPermitted, and bearer tokens and user delegation SAS are "
           "left."),
      Flag("allow_blob_public_access", &A::allow_blob_public_access,
           "Containers may be open to anonymous readers; otherwise 409 PublicAccessNotPermitted, "
           "whatever the container says. Static websites stay public."),
      Flag("versioning", &A::versioning,
           "Writes and deletes keep the former state of a blob as a version."),
      Number("container_delete_retention_days", &A::container_delete_retention_days, Range{0, 365},
             "days", "Deleted containers can be restored so long; 0: at once gone for good."),
      Flag("version_level_immutability", &A::version_level_immutability,
           "Immutability policies and legal holds can be put on the blobs of all containers; needs "
           "`versioning`."),
      Texts("immutable_containers", &A::immutable_containers,
            "Without `version_level_immutability`: only in these containers; needs `versioning`."),
      List("encryption_scopes", &A::encryption_scopes, Live(EncryptionScopeFields())),
      Section("encryption", &A::encryption, Live(AccountEncryptionFields())),
      Section("change_feed", &A::change_feed, Live(ChangeFeedFields())),
      Section("limits", &A::limits, Live(AccountLimitFields())),
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
      File("key_file", &L::key_file,
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
      Live(Texts("audiences", &O::audiences,
                 "Audiences of tokens for this server besides `https://storage.azure.com` and "
                 "`https://ACCOUNT.SUFFIX`.")),
      List("roles", &O::roles, Live(RoleFields())),
      Text("authority", &O::authority, "Where the 401 challenge sends clients to log in."),
      Live(Number("clock_skew", &O::clock_skew, Range{0, 600}, "seconds",
                  "How far clocks of issuers may be off.")),
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
      Section(
          "console", &C::console,
          std::vector<Field<ConsoleConfig>>{
              List("listeners", &ConsoleConfig::listeners, ListenerFields()),
              Live(Number("session_lifetime", &ConsoleConfig::session_lifetime, Range{60, 86400},
                          "seconds", "From a login in the console until it must be repeated."))}),
      Section("tls", &C::tls,
              Live(std::vector<Field<TlsConfig>>{
                  File("certificate_file", &TlsConfig::certificate_file,
                       "PEM file: the server's certificate, then its chain."),
                  File("key_file", &TlsConfig::key_file, "PEM file: the private key.")})),
      Live(Texts("suffixes", &C::suffixes,
                 "Host names `ACCOUNT.SUFFIX` are host style; every other host is path style.")),
      Live(Texts("web_suffixes", &C::web_suffixes,
                 "Host names `ACCOUNT.SUFFIX` and `ACCOUNT.zN.SUFFIX` are static websites.")),
      List("accounts", &C::accounts, Live(AccountFields())),
      List("master_keys", &C::master_keys, Live(MasterKeyFields())),
      Section("background", &C::background, BackgroundFields()),
      Section("oauth", &C::oauth, OAuthFields()),
      Section("copy_sources", &C::copy_sources,
              std::vector<Field<CopySourceConfig>>{
                  Live(Texts(
                      "allowed_hosts", &CopySourceConfig::allowed_hosts,
                      "Hosts besides this server that copies may read: exact, `*.suffix` or `*`. "
                      "Private and loopback addresses must be named exactly.")),
                  Text("ca_file", &CopySourceConfig::ca_file,
                       "PEM file of CAs for https sources; empty: the system's.")}),
      Section("limits", &C::limits, Live(LimitFields())),
      Section("rehydration", &C::rehydration, RehydrationFields()),
      Number("threads", &C::threads, Range{0, 256}, "threads", "I/O threads; 0: one per core."),
      Live(Choice("log_level", &C::log_level, {"debug", "info", "warn", "error"},
                  "Least severe messages that are logged.")),
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

Status ReadGivenConfig(const nlohmann::json& object, Config& config) {
  return ReadGiven(ConfigFields(), config, object, "");
}

Status ReadAccount(const nlohmann::json& given, AccountConfig& account) {
  return ReadGiven(AccountFields(), account, given, "");
}

nlohmann::json WriteConfig(const Config& config, Which which) {
  return WriteObject(ConfigFields(), config, which);
}

nlohmann::json WriteAccount(const AccountConfig& account, Which which) {
  return WriteObject(AccountFields(), account, which);
}

std::vector<Change> Differences(const Config& before, const Config& after) {
  std::vector<Change> out;
  CompareObject(ConfigFields(), before, after, "", out);
  return out;
}

std::string TextOf(const Change& change) {
  std::string text = change.path + ": ";
  if (change.kind == Change::Kind::kAdded) {
    text += "added";
  } else if (change.kind == Change::Kind::kRemoved) {
    text += "removed";
  } else if (change.before.empty()) {
    text += "changed";
  } else {
    text += change.before + " -> " + change.after;
  }
  return text;
}

Config Reloaded(const Config& running, const Config& next) {
  Config out = running;
  TakeObject(ConfigFields(), out, next);
  return out;
}

std::vector<OptionDoc> Documentation() {
  std::vector<OptionDoc> out;
  DocumentObject(ConfigFields(), out, "");
  return out;
}

std::string DocumentationMarkdown() {
  std::string out =
      "# Configuration\n\n"
      "One JSON file; `//` comments are allowed. Unknown options are errors. An environment "
      "variable "
      "`BLOBGATE_` with the option's path in capitals, `_` for `.`, goes before the file "
      "(`BLOBGATE_LIMITS_HEAD_BYTES`; lists with commas; not for options in `[]`). A file may be "
      "`$CREDENTIALS_DIRECTORY/NAME`, a credential that systemd passes. "
      "Written by `blobgate config-docs`.\n\n"
      "`systemctl reload blobgate` (SIGHUP) reads the file again and applies the options marked "
      "*live*; "
      "changes of others are logged and wait for a restart ([service.md](service.md)).\n\n"
      "| option | type | default | applied | meaning |\n|---|---|---|---|---|\n";
  for (const auto& o : Documentation()) {
    out += "| `" + o.path + "` | " + o.type + " | " +
           (o.fallback == "(required)" ? o.fallback : "`" + o.fallback + "`") + " | " +
           (o.needs_restart ? "restart" : "live") + " | " + o.help + (o.secret ? " Secret." : "") +
           " |\n";
  }
  return out;
}

}  // namespace blobgate::config
