// Delete Path: a file, or a directory with all that is in it, in one step (operations.md 3.2).
#include <utility>

#include "base/encoding.h"
#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/history/history.h"
#include "operations/lease_headers.h"
#include "operations/list_query.h"
#include "operations/path/flat_paths.h"
#include "operations/path/path_access.h"
#include "operations/path/path_delete.h"
#include "operations/path/path_headers.h"
#include "operations/path/tree_walk.h"

namespace blobgate::operations {
namespace {

/// Directories that one check of POSIX rights looks at in a request.
constexpr std::size_t kCheckedDirectories = 5000;

azure::Outcome<void> CheckDelete(const Call& call, const Target& target,
                                 const blob::ConditionHeaders& conditions,
                                 std::optional<std::string_view> lease_id) {
  if (!target.exists()) {
    BG_CHECK(blob::CheckMissing(conditions));
    return azure::Fail(azure::ErrorCode::kPathNotFound);
  }
  if (target.blob->copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
  }
  BG_CHECK(blob::CheckWrite(target.blob->lease, lease_id, blob::LeaseSubject::kBlob,
                            call.services.clock.Now()));
  const blob::ConditionSubject subject = SubjectOf(target);
  return blob::CheckWrite(conditions, &subject, false);
}

/// Whoever has POSIX rights only needs RWX on every directory that goes.
Task<azure::Outcome<void>> CheckMayDeleteAll(Call& call, const Target& target) {
  if (!call.posix || !target.is_directory()) co_return azure::Outcome<void>();
  const auto refused = [] {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  };
  if (!MayEmpty(call, target.blob->path)) co_return refused();
  TreeQuery query;
  query.directory = target.blob->path.id;
  query.path = PathOf(target);
  query.limits.entries = kCheckedDirectories;
  query.shows = [](const blob::BlobRecord& record) { return record.path.directory; };
  for (;;) {
    BG_CO_TRY(const auto page, co_await WalkTree(call.services, target.partition, query));
    for (const TreeEntry& entry : page.entries) {
      if (!MayEmpty(call, entry.record.path)) co_return refused();
    }
    if (page.next.empty()) co_return azure::Outcome<void>();
    query.from = page.next;
  }
}

http::Response Deleted(const DeletedPath& deleted) {
  http::Response response;
  response.status = 200;
  response.Set("x-ms-delete-type-permanent", deleted.permanent ? "true" : "false");
  if (!deleted.permanent) response.Set("x-ms-deletion-id", std::to_string(deleted.id));
  return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> DeletePath(Call& call) {
  BG_CO_TRY(const bool recursive, ParseQueryFlag(call.query(), "recursive", false));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  BG_CO_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_CO_TRY(const auto rules, co_await LoadHistoryRules(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    if (!target.place) co_return co_await DeleteFlat(call, recursive);
    BG_CO_CHECK(CheckDelete(call, target, conditions, lease_id));
    if (recursive) BG_CO_CHECK(co_await CheckMayDeleteAll(call, target));
    BG_CO_TRY(const auto deleted,
              co_await TryDeletePath(call.services, target, recursive, rules.retention_days));
    if (deleted) co_return Deleted(*deleted);
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
