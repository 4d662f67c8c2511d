// Set Access Control Recursive: the ACLs of a directory and all below it, some at a time
// (operations.md 3.2).
#include <utility>
#include <vector>

#include "azure/json.h"
#include "base/encoding.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/list_query.h"
#include "operations/path/path_access.h"
#include "operations/path/path_delete.h"
#include "operations/path/path_headers.h"
#include "operations/path/path_walk.h"
#include "operations/path/tree_walk.h"

namespace blobgate::operations {
namespace {

constexpr std::size_t kMaxRecords = 2000;
constexpr char kMarker = 'r';

enum class Mode : std::uint8_t { kSet, kModify, kRemove };

struct RecursiveRequest {
  Mode mode = Mode::kSet;
  std::vector<blob::AclEntry> entries;
  bool force = false;
  std::size_t records = kMaxRecords;
  std::string from;
};

/// What was done so far.
struct Progress {
  std::size_t directories = 0;
  std::size_t files = 0;
  azure::Json failed = azure::Json::array();
};

azure::Outcome<Mode> ParseMode(const http::Query& query) {
  const std::string_view text = query.Get("mode");
  if (EqualsIgnoreCase(text, "set")) return Mode::kSet;
  if (EqualsIgnoreCase(text, "modify")) return Mode::kModify;
  if (EqualsIgnoreCase(text, "remove")) return Mode::kRemove;
  return azure::Fail(azure::InvalidQueryParameter("mode", text));
}

azure::Outcome<std::size_t> ParseMaxRecords(const http::Query& query) {
  const auto text = query.Find("maxRecords");
  if (!text) return kMaxRecords;
  const auto number = ParseUnsigned(*text);
  if (!number || *number == 0 || *number > kMaxRecords) {
    return azure::Fail(azure::InvalidQueryParameter("maxRecords", *text));
  }
  return static_cast<std::size_t>(*number);
}

azure::Outcome<RecursiveRequest> ParseRecursive(const Call& call) {
  RecursiveRequest request;
  if (!call.permissions.Has('p')) {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  BG_TRY(request.mode, ParseMode(call.query()));
  const std::string_view acl = call.headers().Get("x-ms-acl");
  if (acl.empty()) return azure::Fail(azure::MissingHeader("x-ms-acl"));
  BG_TRY(request.entries, blob::ParseAclEntries(acl, request.mode != Mode::kRemove));
  if (request.mode == Mode::kSet) BG_CHECK(blob::Acl::Parse(acl, true));
  BG_TRY(request.force, ParseQueryFlag(call.query(), "forceFlag", false));
  BG_TRY(request.records, ParseMaxRecords(call.query()));
  if (const std::string_view marker = call.query().Get("continuation"); !marker.empty()) {
    const auto key = DecodeMarker(marker, kMarker);
    if (!key) return azure::Fail(azure::InvalidQueryParameter("continuation", marker));
    request.from = key->substr(1);
  }
  return request;
}

/// Default entries are for directories only.
std::vector<blob::AclEntry> EntriesFor(const RecursiveRequest& request, bool directory) {
  std::vector<blob::AclEntry> entries = request.entries;
  if (!directory) std::erase_if(entries, [](const auto& entry) { return entry.is_default; });
  return entries;
}

azure::Outcome<void> ChangeAcl(const RecursiveRequest& request, blob::PathState& path) {
  const auto entries = EntriesFor(request, path.directory);
  blob::Acl acl;
  if (request.mode != Mode::kSet) acl = blob::Acl::FromStored(path.acl);
  if (request.mode == Mode::kRemove) {
    BG_CHECK(acl.Remove(entries));
  } else {
    BG_CHECK(acl.Modify(entries, path.directory));
  }
  path.acl = acl.Text();
  return {};
}

/// One item; not there any more is as good as done.
Task<azure::Outcome<void>> ChangeItem(Call& call, const RecursiveRequest& request,
                                      const std::string& path) {
  azure::Resource resource = call.resource;
  resource.blob = path;
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call.services, resource));
    if (!target.exists()) co_return azure::Outcome<void>();
    BG_CO_CHECK(CheckPathAccess(call, target));
    blob::BlobRecord record = *target.blob;
    BG_CO_CHECK(CheckMayControl(call, record.path, {}, {}));
    BG_CO_CHECK(ChangeAcl(request, record.path));
    engine::Batch batch;
    batch.puts.push_back({target.key, record.Encode()});
    BG_CO_TRY(const bool done, co_await CommitTarget(call.services, target, std::move(batch)));
    if (done) co_return azure::Outcome<void>();
  }
  co_return azure::Fail(Busy());
}

/// False: it failed, and the request ends here.
Task<azure::Outcome<bool>> Visit(Call& call, const RecursiveRequest& request,
                                 const std::string& path, bool directory, Progress& progress) {
  const auto done = co_await ChangeItem(call, request, path);
  if (done) {
    ++(directory ? progress.directories : progress.files);
    co_return true;
  }
  const azure::Error& error = done.error();
  if (error.http_status() >= 500) co_return azure::Fail(error);
  azure::Json entry;
  entry["name"] = path;
  entry["type"] = directory ? "DIRECTORY" : "FILE";
  entry["errorMessage"] = std::string(error.message());
  progress.failed.push_back(std::move(entry));
  co_return request.force;
}

http::Response Answer(const Progress& progress, const std::string& next) {
  azure::Json body;
  body["directoriesSuccessful"] = progress.directories;
  body["failedEntries"] = progress.failed;
  body["failureCount"] = progress.failed.size();
  body["filesSuccessful"] = progress.files;
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/json;charset=utf-8");
  response.Set("x-ms-namespace-enabled", "true");
  if (!next.empty()) response.Set("x-ms-continuation", EncodeMarker(kMarker + next));
  response.text = azure::JsonText(body);
  return response;
}

}  // namespace

// Each item is a commit of its own: what is created or renamed meanwhile may be missed.
/// May the caller go into a directory? Who may change its ACL could give himself the rights.
bool MayEnter(const Call& call, const blob::PathState& directory) {
  return MayList(call, directory) || CheckMayControl(call, directory, {}, {});
}

Task<azure::Outcome<http::Response>> SetAccessControlRecursive(Call& call) {
  BG_CO_TRY(const auto request, ParseRecursive(call));
  BG_CO_TRY(const auto top, co_await LoadTarget(call));
  if (!top.place) co_return azure::Fail(azure::ErrorCode::kHierarchicalNamespaceNotEnabled);
  if (!top.exists()) co_return azure::Fail(azure::ErrorCode::kPathNotFound);
  Progress progress;
  std::size_t left = request.records;
  const std::string path = PathOf(top);
  if (request.from.empty()) {
    BG_CO_TRY(const bool on, co_await Visit(call, request, path, top.is_directory(), progress));
    if (!on) co_return Answer(progress, {});
    --left;
  }
  if (!top.is_directory() || !MayEnter(call, top.blob->path)) co_return Answer(progress, {});
  if (left == 0) co_return Answer(progress, path.empty() ? "/" : path + "/");
  TreeQuery query;
  query.directory = top.blob->path.id;
  query.path = path;
  query.from = request.from == "/" ? std::string() : request.from;
  query.limits.entries = left;
  query.shows = [now = call.now](const blob::BlobRecord& record) {
    return record.committed && !record.path.expired(now);
  };
  query.enters = [&call](const blob::BlobRecord& record) { return MayEnter(call, record.path); };
  BG_CO_TRY(const auto page, co_await WalkTree(call.services, top.partition, std::move(query)));
  for (const TreeEntry& entry : page.entries) {
    BG_CO_TRY(const bool on,
              co_await Visit(call, request, entry.path, entry.record.path.directory, progress));
    // Azure gives the place where a user's mistake can be mended, and the work taken up again.
    if (!on) co_return Answer(progress, entry.path);
  }
  co_return Answer(progress, page.next);
}

}  // namespace blobgate::operations
