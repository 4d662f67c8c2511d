// The operations of the dfs face (operations.md part 3). Container operations and those of a path
// that the Blob face has too go there: clients send them with comp and restype.
#include <array>
#include <string>

#include "azure/operation.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

using enum Operation;
using Headers = http::HeaderView;

constexpr auto kService = Level::kService;
constexpr auto kFilesystem = Level::kContainer;
constexpr auto kPath = Level::kBlob;
constexpr auto kNever = PublicAccess::kNever;
constexpr auto kNone = Conditions::kNone;
constexpr auto kRead = Conditions::kRead;
constexpr auto kWrite = Conditions::kWrite;
constexpr auto kDates = Conditions::kModifiedOnly;

bool IsRename(const Headers& h) {
  return h.Has("x-ms-rename-source");
}
bool IsCreate(const Headers& h) {
  return !IsRename(h);
}

// Where several letters are listed any one lets the caller in; rename asks for more itself.
// clang-format off
constexpr auto kTable = std::to_array<OperationSpec>({
    // id, name, method, HEAD too, level, resource, action, fits, srt, account SAS, service SAS, anonymous, conditions
    {kListFilesystems, "List Filesystems", "GET", false, kService, "account", "", nullptr, 's', "l", "", kNever, kNone},
    {kCreateFilesystem, "Create Filesystem", "PUT", false, kFilesystem, "filesystem", "", nullptr, 'c', "cw", "", kNever, kNone},
    {kGetFilesystemProperties, "Get Filesystem Properties", "HEAD", false, kFilesystem, "filesystem", "", nullptr, 'c', "r", "", kNever, kNone},
    {kSetFilesystemProperties, "Set Filesystem Properties", "PATCH", false, kFilesystem, "filesystem", "", nullptr, 'c', "w", "", kNever, kDates},
    {kDeleteFilesystem, "Delete Filesystem", "DELETE", false, kFilesystem, "filesystem", "", nullptr, 'c', "d", "", kNever, kDates},
    {kListPaths, "List Paths", "GET", false, kFilesystem, "filesystem", "", nullptr, 'c', "l", "l", kNever, kNone},
    {kCreatePath, "Create Path", "PUT", false, kPath, "", "", IsCreate, 'o', "cw", "cw", kNever, kWrite},
    {kRenamePath, "Rename Path", "PUT", false, kPath, "", "", IsRename, 'o', "cw", "cwm", kNever, kWrite},
    {kReadPath, "Read Path", "GET", false, kPath, "", "", nullptr, 'o', "r", "r", PublicAccess::kBlob, kRead},
    {kGetPathProperties, "Get Path Properties", "HEAD", false, kPath, "", "", nullptr, 'o', "r", "re", PublicAccess::kBlob, kRead},
    {kGetPathStatus, "Get Path Status", "HEAD", false, kPath, "", "getStatus", nullptr, 'o', "r", "re", kNever, kRead},
    {kGetPathAccessControl, "Get Path Access Control", "HEAD", false, kPath, "", "getAccessControl", nullptr, 'o', "r", "re", kNever, kRead},
    {kAppendData, "Append Data", "PATCH", false, kPath, "", "append", nullptr, 'o', "aw", "aw", kNever, kNone},
    {kFlushData, "Flush Data", "PATCH", false, kPath, "", "flush", nullptr, 'o', "aw", "aw", kNever, kWrite},
    {kSetPathProperties, "Set Path Properties", "PATCH", false, kPath, "", "setProperties", nullptr, 'o', "w", "w", kNever, kWrite},
    {kSetAccessControl, "Set Access Control", "PATCH", false, kPath, "", "setAccessControl", nullptr, 'o', "wp", "op", kNever, kWrite},
    {kSetAccessControlRecursive, "Set Access Control Recursive", "PATCH", false, kPath, "", "setAccessControlRecursive", nullptr, 'o', "wp", "op", kNever, kNone},
    {kLeasePath, "Lease Path", "POST", false, kPath, "", "", nullptr, 'o', "wd", "wd", kNever, kWrite},
    {kDeletePath, "Delete Path", "DELETE", false, kPath, "", "", nullptr, 'o', "d", "d", kNever, kWrite},
});
// clang-format on

constexpr bool RowsFollowTheEnum() {
  for (std::size_t i = 0; i < kTable.size(); ++i) {
    if (static_cast<std::size_t>(kTable[i].id) != i + kOperationCount) return false;
  }
  return kTable.size() == kPathOperationCount;
}
static_assert(RowsFollowTheEnum());

struct Request {
  std::string_view method;
  Level level;
  std::string_view resource;
  std::string_view action;
};

bool AtUrl(const OperationSpec& row, const Request& request) {
  return row.level == request.level && EqualsIgnoreCase(row.restype, request.resource) &&
         EqualsIgnoreCase(row.comp, request.action);
}

std::string AllowedMethods(const Request& request) {
  std::string allow;
  for (std::string_view method : {"DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"}) {
    for (const OperationSpec& row : kTable) {
      if (!AtUrl(row, request) || row.method != method) continue;
      if (!allow.empty()) allow += ", ";
      allow += method;
      break;
    }
  }
  return allow;
}

/// A client that cannot send PATCH sends PUT and says so: Java's own HTTP client, and so Hadoop's
/// driver. The signature is over what is sent.
std::string_view MethodOf(const http::RequestHead& head) {
  const bool patch = EqualsIgnoreCase(head.headers.Get("X-HTTP-Method-Override"), "PATCH");
  return head.method == "PUT" && patch ? "PATCH" : head.method;
}

/// `resource` of a path says what to create; that is for Create Path to read.
bool CreatesPath(const http::RequestHead& head) {
  const std::string_view resource = head.query.Get("resource");
  return MethodOf(head) == "PUT" &&
         (EqualsIgnoreCase(resource, "file") || EqualsIgnoreCase(resource, "directory"));
}

Request RequestOf(const http::RequestHead& head, const Resource& resource) {
  Request request{MethodOf(head), resource.level(), head.query.Get("resource"),
                  head.query.Get("action")};
  if (resource.container.empty()) return request;
  // Without resource=filesystem a URL that ends behind the filesystem names its root directory.
  if (EqualsIgnoreCase(request.resource, "filesystem")) {
    request.level = Level::kContainer;
  } else {
    request.level = Level::kBlob;
  }
  if (CreatesPath(head)) request.resource = {};
  return request;
}

}  // namespace

std::span<const OperationSpec> PathOperationTable() {
  return kTable;
}

Outcome<const OperationSpec*> RoutePath(const http::RequestHead& head, const Resource& resource) {
  const Request request = RequestOf(head, resource);
  const auto missing = [](std::string_view name) {
    return Error(ErrorCode::kMissingRequiredQueryParameter)
        .WithDetail("QueryParameterName", std::string(name));
  };
  bool url_exists = false;
  for (const OperationSpec& row : kTable) {
    if (!AtUrl(row, request)) continue;
    url_exists = true;
    if (row.method == request.method && (!row.fits || row.fits(head.headers))) return &row;
  }
  if (!url_exists && request.level == Level::kService) return Fail(missing("resource"));
  if (!url_exists && !request.resource.empty() && request.level == Level::kBlob) {
    return Fail(InvalidQueryParameter("resource", request.resource));
  }
  if (!url_exists) return Fail(InvalidQueryParameter("action", request.action));
  if (request.method == "PATCH" && request.action.empty()) return Fail(missing("action"));
  return Fail(Error(ErrorCode::kUnsupportedHttpVerb).WithHeader("Allow", AllowedMethods(request)));
}

}  // namespace blobgate::azure
