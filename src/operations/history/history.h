// What stays of a blob's former states: snapshots, previous versions, and deleted states that
// Undelete Blob can bring back (operations.md 1.16).
//
// Every such state is a BlobRecord in a row of its own before the base row (blob/keys.h), with
// references of its own to the extents of its content. Whatever adds, changes or removes one of
// these rows also demands that the base row is unchanged (CommitTarget), so that what an operation
// read of a blob's history still holds when it commits.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "blob/records.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// How an account keeps what a write or delete takes away.
struct HistoryRules {
  bool versioning = false;
  std::uint32_t retention_days = 0;  ///< soft delete; 0: off
  bool allow_permanent_delete = false;
};

/// From the account's settings and its service properties; nothing is kept of the server's own
/// files.
Task<azure::Outcome<HistoryRules>> LoadHistoryRules(Call& call);

/// An id that is newer than every state of the blob.
Time NextStateId(Services& services, const blob::BlobRecord& base);
/// The version id of what was written with `etag`.
Time VersionIdOf(std::uint64_t etag);

/// One snapshot or previous version.
struct OldState {
  std::string key;
  engine::RowVersion row_version = 0;
  blob::BlobRecord record;
};

/// All of the blob at `target`, deleted ones included, in order of their ids.
Task<azure::Outcome<std::vector<OldState>>> LoadHistory(Services& services, const Target& target);
/// Is there any that `batch` does not delete?
Task<azure::Outcome<bool>> HasHistory(Services& services, const Target& target,
                                      const engine::Batch& batch);

/// `base`, a base state of `target`, as a previous version; its references move along.
void PutPreviousVersion(const Target& target, const blob::BlobRecord& base, engine::Batch& batch);

/// Adds what is kept of the base state of `target` when new content takes its place. False: nothing
/// is, the caller releases it. True: a row of its own holds its references now.
bool KeepReplaced(Services& services, const Target& target, const HistoryRules& rules,
                  engine::Batch& batch);

/// Marks the state in row `key` as deleted for `days`, and has it purged then.
void SoftDelete(std::string_view key, blob::BlobRecord& record, Time now, std::uint32_t days,
                engine::Batch& batch);
/// Undoes it.
void Restore(std::string_view key, blob::BlobRecord& record, engine::Batch& batch);

/// Deletes `state` of the blob at `base`: softly when `days` is above 0, else for good. 409
/// BlobImmutable*.
Task<azure::Outcome<void>> DropState(Services& services, const Target& base, OldState state,
                                     Time now, std::uint32_t days, engine::Batch& batch);

/// How long a deleted state has left, whole days.
std::uint32_t RemainingDays(const blob::BlobRecord& record, Time now);

}  // namespace blobgate::operations
