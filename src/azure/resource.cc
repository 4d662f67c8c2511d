#include "azure/resource.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "azure/operation.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

constexpr std::string_view kSecondary = "-secondary";

struct AccountName {
  std::string account;
  bool secondary = false;
  bool dfs = false;  ///< the host is that of the dfs face
};

// `name`, or what comes before "-secondary", when that is an account.
std::optional<AccountName> KnownAccount(std::string_view name, const AddressRules& rules) {
  if (rules.is_account(name)) return AccountName{std::string(name)};
  if (!name.ends_with(kSecondary)) return std::nullopt;
  name.remove_suffix(kSecondary.size());
  if (!rules.is_account(name)) return std::nullopt;
  return AccountName{.account = std::string(name), .secondary = true};
}

// Lower case, without port and without the dot of the root domain.
std::string HostName(std::string_view host) {
  if (!host.starts_with('[')) host = host.substr(0, host.find(':'));
  if (host.ends_with('.')) host.remove_suffix(1);
  return ToLower(host);
}

// Is `host`, lower case, a name below the domain `suffix`?
bool IsBelow(std::string_view host, std::string_view suffix) {
  if (host.size() <= suffix.size()) return false;
  const std::string_view end = host.substr(host.size() - suffix.size());
  return host[host.size() - suffix.size() - 1] == '.' && EqualsIgnoreCase(end, suffix);
}

// The account that the Host names, through a configured suffix or a subdomain of one (private links
// put a label between account and service).
std::optional<AccountName> AccountUnder(const std::vector<std::string>& suffixes,
                                        std::string_view host, const AddressRules& rules) {
  const std::size_t dot = host.find('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const std::string_view rest = host.substr(dot);
  for (const std::string& suffix : suffixes) {
    if (!IsBelow(rest, suffix)) continue;
    auto account = KnownAccount(host.substr(0, dot), rules);
    if (account) account->dfs = suffix.starts_with("dfs.");
    return account;
  }
  return std::nullopt;
}

std::optional<AccountName> AccountOfHost(std::string_view host, const AddressRules& rules) {
  return AccountUnder(rules.suffixes, HostName(host), rules);
}

// `name`: the account that the Host names.
Face FaceOf(const http::RequestHead& head, const std::optional<AccountName>& name) {
  // Blob operations are answered on both hosts: clients send them to whichever they know.
  if (head.query.Has("comp") || head.query.Has("restype")) return Face::kBlob;
  if (SpeaksDfs(head)) return name && !name->dfs ? Face::kBlob : Face::kDfs;
  // The Data Lake SDK for JavaScript knows no Blob host beside an own domain: its Blob requests
  // come to the dfs host.
  const bool blob_client =
      head.headers.Get("accept").find("application/xml") != std::string_view::npos;
  return name && name->dfs && !blob_client ? Face::kDfs : Face::kBlob;
}

// Takes the text up to the next '/' off the front of `path`, and that '/'. `more` tells whether
// there was one.
std::string_view TakeSegment(std::string_view& path, bool& more) {
  const std::size_t slash = path.find('/');
  more = slash != std::string_view::npos;
  const std::string_view segment = path.substr(0, slash);
  path = more ? path.substr(slash + 1) : std::string_view();
  return segment;
}

Outcome<std::string> Decode(std::string_view raw) {
  std::optional<std::string> text = PercentDecode(raw);
  if (!text || !IsUtf8(*text) || text->find('\0') != std::string::npos) {
    return Fail(ErrorCode::kInvalidUri);
  }
  return *std::move(text);
}

// `name`: the account that the Host names.
Outcome<void> SetAccount(Resource& resource, std::optional<AccountName> name,
                         std::string_view& path, const AddressRules& rules) {
  if (!name) {
    resource.path_style = true;
    bool more = false;
    BG_TRY(const std::string segment, Decode(TakeSegment(path, more)));
    if (segment.empty()) return Fail(ErrorCode::kInvalidUri);
    name = KnownAccount(segment, rules).value_or(AccountName{segment});
  }
  resource.account = std::move(name->account);
  resource.secondary = name->secondary;
  return {};
}

Outcome<std::string> BlobName(std::string_view raw) {
  BG_TRY(std::string name, Decode(raw));
  std::ranges::replace(name, '\\', '/');
  BG_CHECK(CheckBlobName(name));
  return name;
}

// Slashes around the path of a file or directory do not count; nothing between them is the root.
void TrimPath(std::string& path) {
  path.erase(0, path.find_first_not_of('/'));
  path.erase(path.find_last_not_of('/') + 1);
}

Outcome<std::string> PathName(std::string_view raw) {
  BG_TRY(std::string path, Decode(raw));
  std::ranges::replace(path, '\\', '/');
  TrimPath(path);
  if (!path.empty()) BG_CHECK(CheckBlobName(path));
  return path;
}

Outcome<void> SetBlob(Resource& resource, std::string_view raw) {
  BG_TRY(resource.blob, resource.face == Face::kDfs ? PathName(raw) : BlobName(raw));
  if (resource.container == "$root" && resource.blob.find('/') != std::string::npos) {
    return Fail(ErrorCode::kInvalidUri);
  }
  return {};
}

}  // namespace

bool IsHostStyle(std::string_view host, const AddressRules& rules) {
  return AccountOfHost(host, rules).has_value();
}

std::string ListedPrefix(const http::RequestHead& head, const Resource& resource) {
  if (resource.face == Face::kBlob) return std::string(head.query.Get("prefix"));
  std::string directory(head.query.Get("directory"));
  TrimPath(directory);
  if (!directory.empty()) directory += '/';
  return directory;
}

bool SpeaksDfs(const http::RequestHead& head) {
  for (const std::string_view name : {"resource", "action", "recursive", "position"}) {
    if (head.query.Has(name)) return true;
  }
  if (head.headers.Has("x-ms-rename-source")) return true;
  if (head.method == "POST" && head.headers.Has("x-ms-lease-action")) return true;
  return head.headers.Get("accept").find("application/json") != std::string_view::npos;
}

std::optional<std::string> WebsiteAccount(std::string_view host, const AddressRules& rules) {
  if (rules.web_hosts.empty() && rules.web_suffixes.empty()) return std::nullopt;
  const std::string name = HostName(host);
  for (const auto& [own, account] : rules.web_hosts) {
    if (own == name) return account;
  }
  auto found = AccountUnder(rules.web_suffixes, name, rules);
  if (!found) return std::nullopt;
  return std::move(found->account);
}

Outcome<std::string> WebsitePath(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.empty()) return std::string();
  return BlobName(path);
}

bool NamesRootBlob(const http::RequestHead& head) {
  if (!head.query.Get("restype").empty()) return false;
  const std::string_view comp = head.query.Get("comp");
  for (const OperationSpec& row : OperationTable()) {
    if (row.level != Level::kBlob || !EqualsIgnoreCase(row.comp, comp)) continue;
    if (row.method == head.method || (row.head_too && head.method == "HEAD")) return true;
  }
  return false;
}

Outcome<Resource> ParseResource(const http::RequestHead& head, const AddressRules& rules,
                                Face* face) {
  Resource resource;
  std::optional<AccountName> name = AccountOfHost(head.host(), rules);
  resource.face = FaceOf(head, name);
  if (face != nullptr) *face = resource.face;
  std::string_view path = head.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  BG_CHECK(SetAccount(resource, std::move(name), path, rules));
  // A preflight asks about the service; what its URL names is not looked at (operations.md 1.19).
  if (path.empty() || head.method == "OPTIONS") return resource;

  bool more = false;
  const std::string_view first = TakeSegment(path, more);
  if (path.empty() && resource.face == Face::kBlob && NamesRootBlob(head)) {
    if (more) return Fail(ErrorCode::kInvalidUri);  // "/name/": an empty blob name
    resource.container = "$root";
    BG_CHECK(SetBlob(resource, first));
    return resource;
  }
  BG_TRY(resource.container, Decode(first));
  BG_CHECK(CheckContainerName(resource.container));
  if (!path.empty()) BG_CHECK(SetBlob(resource, path));
  return resource;
}

}  // namespace blobgate::azure
