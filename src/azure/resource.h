// What a URL names.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "azure/errors.h"
#include "http/request_head.h"

namespace blobgate::azure {

enum class Level : unsigned char { kService, kContainer, kBlob };

/// Which of the two APIs a request speaks (docs/hierarchical-namespace.md).
enum class Face : unsigned char { kBlob, kDfs };

/// Account, container and blob of one request, decoded. Blob names are used byte for byte:
/// `a//b`, `.` and `..` are legal and are not resolved (operations.md 1.1, 1.7).
struct Resource {
  std::string account;
  std::string container;   ///< empty at service level; "$root" when the URL named only a blob
  std::string blob;        ///< empty above blob level; UTF-8
  bool secondary = false;  ///< addressed through ACCOUNT-secondary
  bool path_style = false;
  Face face = Face::kBlob;

  Level level() const {
    return container.empty() ? Level::kService : blob.empty() ? Level::kContainer : Level::kBlob;
  }
};

/// What all names begin with that a listing asks for: `prefix`; for List Paths the directory with
/// its slash.
std::string ListedPrefix(const http::RequestHead& head, const Resource& resource);

/// How a request's host and path name an account (design.md section 4).
struct AddressRules {
  /// Service suffixes without leading dot: "blob.core.windows.net". Compared without case.
  std::vector<std::string> suffixes;
  /// True for an account of this server. May be called several times for a request.
  std::function<bool(std::string_view)> is_account;
  /// The same of static websites: "web.core.windows.net".
  std::vector<std::string> web_suffixes = {};
  /// Other hosts of static websites, in lower case, and whose they are.
  std::vector<std::pair<std::string, std::string>> web_hosts = {};
};

/// What `head` names. Host style when the Host ends in a suffix and its first label is a known
/// account (or ACCOUNT-secondary), else path style: the first path segment is the account, known or
/// not. Each part is percent-decoded once and not normalised otherwise, except that `\` in a blob
/// name is `/`. On the dfs face slashes at both ends of a path do not count. Errors: 400 InvalidUri
/// for a bad escape, NUL, malformed UTF-8, a path without account, or a `/` in the name of a root
/// blob; those of CheckContainerName and CheckBlobName. `face` may be null; otherwise it is the
/// face that the request speaks, whatever else is wrong with it.
Outcome<Resource> ParseResource(const http::RequestHead& head, const AddressRules& rules,
                                Face* face = nullptr);

/// Has the request what only requests to the dfs face have? Decides in path style.
bool SpeaksDfs(const http::RequestHead& head);

/// Does a Host header alone name an account of ours?
bool IsHostStyle(std::string_view host, const AddressRules& rules);

/// The account whose static website a Host header names: ACCOUNT.zN.SUFFIX or ACCOUNT.SUFFIX with
/// a suffix of websites (ACCOUNT-secondary too), or a host of its own; nullopt for all others.
std::optional<std::string> WebsiteAccount(std::string_view host, const AddressRules& rules);

/// The blob of `$web` that the path of a website's URL names: decoded, without the first `/`. Empty
/// for the root, and ends in `/` for a directory. 400 InvalidUri.
Outcome<std::string> WebsitePath(std::string_view path);

/// True when a URL with a single segment below the account names a blob of `$root` and not a
/// container: no restype, and a method and comp (or none) that a blob takes (operations.md 1.1).
bool NamesRootBlob(const http::RequestHead& head);

/// Where the change feed is.
inline constexpr std::string_view kChangeFeedContainer = "$blobchangefeed";
/// Where the server keeps what it writes itself; clients read it, and lists show it only when
/// asked.
bool IsSystemContainer(std::string_view name);

/// 3..63 of a-z 0-9 and single hyphens, or one of the reserved `$` names (operations.md 1.7). 400
/// InvalidResourceName for characters, 400 OutOfRangeInput for length.
Outcome<void> CheckContainerName(std::string_view name);
/// 1..1024 UTF-16 units of well-formed UTF-8 without the refused code points; at most 254 segments.
/// 400 InvalidUri for characters and segments, 400 OutOfRangeInput for length.
Outcome<void> CheckBlobName(std::string_view name);

}  // namespace blobgate::azure
