// The steps that operations share between "parse" and "answer": load the container, load the blob,
// commit a change if nothing moved.
//
// An operation that writes reads, decides and commits in a loop:
//
//   for (CommitLoop loop; loop.Again();) {
//     BG_CO_TRY(auto target, co_await LoadTarget(call));    // container and blob as they are now
//     ... conditions, lease, new record, batch ...
//     BG_CO_TRY(bool done, co_await CommitTarget(call.services, target, std::move(batch)));
//     if (done) co_return response;
//   }
//   co_return Busy();
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/boxed.h"
#include "blob/conditions.h"
#include "blob/keys.h"
#include "blob/records.h"
#include "operations/call.h"
#include "operations/history/state_name.h"
#include "operations/reference_set.h"

namespace blobgate::operations {

struct PathPlace;  // operations/path/path_place.h

/// A container as it was read.
struct ContainerRow {
  engine::PartitionRef account_partition;  ///< where the record lies
  std::string key;                         ///< of its row
  engine::Row row;
  blob::ContainerRecord record;
};
using ContainerRowPtr = std::shared_ptr<const ContainerRow>;

/// A blob's base row, or that of a snapshot or version, as it was read; `blob` is empty when
/// nothing is there, and may be a record that only has uncommitted blocks (blob->committed is
/// false).
struct Target {
  /// Taken before the rows were read: the extents they name stay readable while this lives. Do not
  /// keep a Target while a request body streams in.
  engine::ReadGuard guard;
  ContainerRowPtr container;
  engine::PartitionRef partition;  ///< of the blob's rows
  std::string key;                 ///< of the row: blob::BlobKey(name) of the base blob
  /// Stands for the blob in its other rows: its name, or in a hierarchical container a number
  /// that it keeps when it is renamed (blob::ContentName).
  std::string name;
  std::optional<engine::Row> row;
  Boxed<blob::BlobRecord> blob;
  /// In a hierarchical container: how it was found. What is to be made takes its owner and ACL
  /// from here.
  std::shared_ptr<PathPlace> place;

  bool is_directory() const { return blob && blob->path.directory; }
  bool expired = false;  ///< its time is over (Set Blob Expiry): as good as gone
  bool exists() const { return blob && blob->committed && !expired; }
};

/// 404 ContainerNotFound.
Task<azure::Outcome<ContainerRowPtr>> LoadContainer(Services& services, std::string_view account,
                                                    std::string_view container);
/// The blob that `call` names. 404 ContainerNotFound, 403 AuthorizationPermissionMismatch by POSIX
/// rights. REQUIRES: blob level, or the root directory.
Task<azure::Outcome<Target>> LoadTarget(Call& call);
/// The snapshot, version or base blob that `state` names; a version that is the current one is the
/// base blob.
Task<azure::Outcome<Target>> LoadState(Services& services, const azure::Resource& resource,
                                       const StateName& state);
/// The base blob of any name (copy sources).
Task<azure::Outcome<Target>> LoadTarget(Services& services, const azure::Resource& resource);

/// Bounded retries after a conflict, then the operation answers Busy(). Of many writers of one blob
/// only one gets on in a round, so the bound is about how many of them there may be at a time.
class CommitLoop {
 public:
  static constexpr int kRounds = 1024;

  bool Again() { return rounds_++ < kRounds; }

 private:
  int rounds_ = 0;
};
/// 503 ServerBusy with Retry-After 1.
azure::Error Busy();

/// Whether the blob's row is still as `target` read it. Rows read after it then belong together
/// with it; an operation that commits need not ask, the commit does.
Task<azure::Outcome<bool>> IsUnchanged(Services& services, const Target& target);

/// Commits `batch` on condition that the container lives and the blob's row is as `target` read it.
/// True: durable and visible. False: something moved, load again. kExtentGone is false too (a copy
/// source was removed meanwhile). In a hierarchical container also on condition that the way there
/// is as it was walked, and missing parents are made (path/path_walk.h); a file on the way whose
/// time is over is removed first, and the answer is then false. The tag index follows, and
/// what the batch leaves behind (leftovers.h) is then collected in the background. REQUIRES:
/// `batch` has no precondition on those two rows.
Task<azure::Outcome<bool>> CommitTarget(Services& services, const Target& target,
                                        engine::Batch batch);
/// What is to become of a target, as in CommitTarget.
struct TargetChange {
  const Target& target;
  engine::Batch batch;
};
/// CommitTarget for targets of several containers at once: all or nothing, and also on condition
/// that the containers' records are as the targets have them: who deletes one first wins. 409
/// FeatureNotYetSupportedForHierarchicalNamespaceAccounts where the engine does not do that.
Task<azure::Outcome<bool>> CommitTargets(Services& services, std::vector<TargetChange> changes);
/// Adds to `batch` that the container has had an immutable state, if `record` is one: Delete
/// Container asks for it.
void MarkImmutable(const blob::BlobRecord& record, engine::Batch& batch);
/// The same for a change of the container's own record.
Task<azure::Outcome<bool>> CommitContainer(Call& call, const ContainerRow& container,
                                           engine::Batch batch);

/// All of a block blob's content: from the row, or read from its manifest extent.
Task<azure::Outcome<blob::Content>> LoadContent(Services& services, const blob::BlobRecord& record);
/// Puts `content` into `record`: inside while its encoding is at most 16 KiB, else as a new extent
/// that is written here and added to `batch.acquires`. 409 BlockCountExceedsLimit for more blocks
/// than a blob may have, or more than one extent can name.
Task<azure::Outcome<void>> StoreContent(Services& services, blob::Content content,
                                        blob::BlobRecord& record, engine::Batch& batch);
/// Adds a release for every reference that the row of `record` itself holds (slices and manifest of
/// a block blob), but takes from `kept` instead where it can. Who lets go of a blob's content calls
/// ReleaseContent (blob_content.h), which knows all types.
Task<azure::Outcome<void>> ReleaseSlices(Services& services, const blob::BlobRecord& record,
                                         engine::Batch& batch, ReferenceSet& kept);
/// Every uncommitted block of `target`, in order of their ids; none when the record says so.
Task<azure::Outcome<std::vector<blob::StagedBlock>>> LoadStaged(Services& services,
                                                                const Target& target);
/// Adds deletes of those rows, and releases of their extents unless `kept` takes them over.
void DropStaged(std::string_view name, const Target& target,
                const std::vector<blob::StagedBlock>& staged, engine::Batch& batch,
                ReferenceSet& kept);

/// Reads an XML body whole. 400 on a length mismatch, 413 RequestBodyTooLarge above `limit` bytes,
/// 411 without Content-Length; Content-MD5 and x-ms-content-crc64 are checked when sent.
Task<azure::Outcome<std::string>> ReadSmallBody(Call& call, std::size_t limit);

/// ETag and Last-Modified of a record.
void SetEtag(http::Response& response, std::uint64_t etag, Time modified);
/// x-ms-version-id of a record that has one.
void SetVersionId(http::Response& response, const blob::BlobRecord& record);

}  // namespace blobgate::operations
