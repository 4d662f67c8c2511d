// Rename Path: a file or directory gets another name, at the cost of a few rows whatever is in it,
// or goes to another filesystem with all its rows (operations.md 3.2,
// docs/hierarchical-namespace.md).
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "blob/lease.h"
#include "blob/path_keys.h"
#include "blob/path_name.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/lineage_row.h"
#include "operations/path/detached.h"
#include "operations/path/flat_rename.h"
#include "operations/path/move_across.h"
#include "operations/path/path_access.h"
#include "operations/path/path_headers.h"
#include "operations/path/path_place.h"
#include "operations/path/path_walk.h"
#include "operations/path/rename_request.h"
#include "operations/tags/tag_index.h"

namespace blobgate::operations {
namespace {

using azure::ErrorCode;
using engine::Precondition;

/// Rows that all rounds of one request read to take them to another filesystem: the first in any
/// case, and small things get many.
constexpr std::size_t kMostRowsRead = 20 * kDirectoryLimits.rows;

/// One round of a rename in hierarchical containers.
class Rename {
 public:
  Rename(Call& call, const RenameRequest& request, const Target& source, const Target& destination)
      : call_(call),
        request_(request),
        source_(source),
        destination_(destination),
        across_(source.container->record.incarnation != destination.container->record.incarnation) {
  }

  /// False: something moved.
  Task<azure::Outcome<bool>> Run() {
    BG_CO_CHECK(CheckSource());
    BG_CO_CHECK(CheckDestination());
    blob::BlobRecord record = *source_.blob;
    record.lease = lease_;
    record.path.transaction_id = request_.transaction_id;
    if (request_.metadata) {
      BG_CO_TRY(const auto key, KeyOfUpdate(call_, record.encryption, request_.keys));
      PutItemMetadata(key, *request_.metadata, record);
    }
    BG_CO_CHECK(co_await DropReplaced());
    // Named: g++ 12 frees the result of a co_await within ?: twice.
    Task<azure::Outcome<bool>> way = across_ ? GoAcross(record) : StayInside(record);
    BG_CO_TRY(const bool done, co_await std::move(way));
    if (done && detaches_) {
      const auto& container = destination_.container->record;
      SpawnDetached(call_.services, blob::ContainerSpace(container.incarnation));
    }
    co_return done;
  }

  /// That would go to the other filesystem.
  std::size_t rows() const { return move_.rows; }

 private:
  azure::Outcome<void> CheckSource() {
    if (source_.place->is_root()) return azure::Fail(ErrorCode::kInvalidRenameSourcePath);
    if (!source_.exists()) return azure::Fail(ErrorCode::kSourcePathNotFound);
    BG_CHECK(CheckMayLeave(call_, source_));
    const blob::BlobRecord& record = *source_.blob;
    if (record.copy.status == blob::CopyState::Status::kPending) {
      return azure::Fail(ErrorCode::kPendingCopyOperation);
    }
    BG_TRY(lease_, blob::CheckWrite(record.lease, request_.source_lease_id,
                                    blob::LeaseSubject::kBlob, call_.services.clock.Now()));
    return blob::CheckSource(request_.source_conditions, SubjectOf(source_),
                             ErrorCode::kSourceConditionNotMet);
  }

  azure::Outcome<void> CheckDestination() {
    const PathPlace& place = *destination_.place;
    if (place.is_root()) return azure::Fail(ErrorCode::kInvalidDestinationPath);
    if (place.blocked) return azure::Fail(ErrorCode::kInvalidDestinationPath);
    if (!place.missing.empty()) {
      return azure::Fail(ErrorCode::kRenameDestinationParentPathNotFound);
    }
    const std::uint64_t id = source_.blob->path.id;
    const auto inside = [id](const WayStep& step) { return step.state.id == id; };
    const bool in_itself =
        destination_.key == source_.key || std::ranges::any_of(place.way, inside);
    if (!across_ && in_itself) return azure::Fail(ErrorCode::kInvalidRenameSourcePath);
    if (destination_.exists()) {
      const blob::ConditionSubject subject = SubjectOf(destination_);
      BG_CHECK(blob::CheckWrite(request_.conditions, &subject, true));
      BG_CHECK(CheckReplaced());
    } else {
      BG_CHECK(blob::CheckWrite(request_.conditions, nullptr, true));
    }
    return CheckMayLeave(call_, destination_);
  }

  azure::Outcome<void> CheckReplaced() {
    if (destination_.is_directory() != source_.is_directory()) {
      return azure::Fail(ErrorCode::kInvalidSourceOrDestinationResourceType);
    }
    // An active lease of what is overwritten is broken unless its id was given (operations.md 3.2).
    if (!request_.lease_id) return {};
    BG_CHECK(blob::CheckWrite(destination_.blob->lease, request_.lease_id,
                              blob::LeaseSubject::kBlob, call_.services.clock.Now()));
    return {};
  }

  /// What the destination was.
  Task<azure::Outcome<void>> DropReplaced() {
    if (!destination_.blob) co_return azure::Outcome<void>();
    if (destination_.is_directory()) {
      const std::uint64_t id = destination_.blob->path.id;
      BG_CO_TRY(const auto look,
                co_await LookIntoDirectory(call_.services, destination_.partition, id));
      if (!look.empty) co_return azure::Fail(ErrorCode::kDirectoryNotEmpty);
      move_.given.preconditions.push_back(Precondition::Unchanged(blob::InodeKey(id), look.inode));
      move_.given.deletes.push_back(blob::InodeKey(id));
      if (look.expired) {
        PutRow(move_.given, blob::DetachedKey(id), {});
        detaches_ = true;
      }
      co_return azure::Outcome<void>();
    }
    ReferenceSet none;
    BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(call_.services, destination_));
    DropStagedBlocks(destination_, staged, move_.given, none);
    co_return co_await ReleaseContent(call_.services, destination_, *destination_.blob, move_.given,
                                      none);
  }

  Task<azure::Outcome<bool>> StayInside(const blob::BlobRecord& record) {
    engine::Batch& batch = move_.given;
    DemandWay(source_, batch);
    batch.preconditions.push_back(Precondition::At(source_.key, source_.row->version));
    batch.deletes.push_back(source_.key);
    DropTagRows(source_, batch);
    const PathPlace& to = *destination_.place;
    if (record.path.directory) {
      PutRow(batch, blob::InodeKey(record.path.id), blob::Inode{to.directory, to.leaf}.Encode());
    } else {
      BG_CO_CHECK(co_await MoveStagedMark(call_.services, source_,
                                          blob::NameOfKey(destination_.key), batch));
    }
    batch.puts.push_back({destination_.key, record.Encode()});
    co_return co_await CommitTarget(call_.services, destination_, std::move(batch));
  }

  Task<azure::Outcome<bool>> GoAcross(blob::BlobRecord record) {
    BG_CO_CHECK(co_await MoveAcross(call_.services, source_, destination_, record, move_));
    move_.given.puts.push_back({destination_.key, record.Encode()});
    std::vector<TargetChange> changes;
    changes.push_back({source_, std::move(move_.taken)});
    changes.push_back({destination_, std::move(move_.given)});
    co_return co_await CommitTargets(call_.services, std::move(changes));
  }

  Call& call_;
  const RenameRequest& request_;
  const Target& source_;
  const Target& destination_;
  const bool across_;
  blob::LeaseRecord lease_;
  PathMove move_;          ///< inside one container all of it is `given`
  bool detaches_ = false;  ///< what was replaced still has rows of expired files
};

/// Where the source goes, and what the conditions are on: what the URL names, or below it when that
/// is a directory and the mode is posix.
Task<azure::Outcome<Target>> LoadDestination(Call& call, const RenameRequest& request) {
  BG_CO_TRY(auto named, co_await LoadTarget(call));
  const bool into = request.into_directory && named.place && named.exists() && named.is_directory();
  if (!into) co_return named;
  azure::Resource below = call.resource;
  below.blob = blob::TrimSlashes(below.blob);
  if (!below.blob.empty()) below.blob += '/';
  below.blob += request.source.blob.substr(request.source.blob.rfind('/') + 1);
  if (!azure::CheckBlobName(below.blob)) co_return azure::Fail(ErrorCode::kInvalidUri);
  if (call.covers && !call.covers(below)) {
    co_return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
  }
  BG_CO_TRY(auto target, co_await LoadTarget(call.services, below));
  BG_CO_CHECK(CheckPathAccess(call, target));
  co_return target;
}

http::Response Renamed(const blob::BlobRecord& record) {
  http::Response response;
  response.status = 201;
  SetEtag(response, record.etag, record.modified);
  return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> RenamePath(Call& call) {
  BG_CO_TRY(const auto request, co_await ParseRename(call));
  std::size_t rows_read = 0;
  for (CommitLoop loop; loop.Again() && rows_read < kMostRowsRead;) {
    BG_CO_TRY(const auto destination, co_await LoadDestination(call, request));
    if (!destination.place) co_return co_await RenameFlat(call, request);
    BG_CO_TRY(const auto source, OfSource(co_await LoadTarget(call.services, request.source)));
    if (!source.place) co_return azure::Fail(ErrorCode::kInvalidSourceUri);
    Rename rename(call, request, source, destination);
    BG_CO_TRY(const bool done, co_await rename.Run());
    if (done) co_return Renamed(*source.blob);
    rows_read += rename.rows();
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
