// From a path to its row.
#pragma once

#include <string_view>

#include "operations/blob_store.h"

namespace blobgate::operations {

/// Fills in what `target`, whose container is loaded, lacks: the item that `path` names. All rows
/// of the way were there, and led there, at the moment the item's row was read. 400 InvalidUri for
/// what is no path, 404 ContainerNotFound for a container that was removed meanwhile, 503.
Task<azure::Outcome<void>> WalkPath(Services& services, std::string_view path, Target& target);

/// The same for the entry `name` (blob::EntryName) by its row, without a walk. REQUIRES: container
/// and partition of `target` are loaded.
Task<azure::Outcome<void>> LoadEntry(Services& services, std::string_view name, Target& target);

/// Adds to `batch` what its change of the row of `target` means for directories: preconditions on
/// the way, their heights, missing parents, the inode of a new directory, and the PathState of a
/// record that has none. Change events are left out. 400 InvalidUri when the item is a directory
/// that may hold names deeper than blob::kMaxPathLevels there. 409 PathConflict when a file is on
/// the way, ResourceTypeMismatch when a file would take the place of a directory or the other way
/// round, FeatureNotYetSupportedForHierarchicalNamespaceAccounts for page blobs, policies and
/// holds.
azure::Outcome<void> CompletePath(Services& services, const Target& target, engine::Batch& batch);

/// The conditions that the way to `target` is still what was walked.
void DemandWay(const Target& target, engine::Batch& batch);

/// The path of the entry `name` (blob::EntryName) by way of inodes; nullopt when a directory on the
/// way up is gone.
Task<azure::Outcome<std::optional<std::string>>> PathOfEntry(Services& services,
                                                             engine::PartitionRef partition,
                                                             std::string_view name);

/// The partition of a hierarchical container.
Task<azure::Outcome<engine::PartitionRef>> LocatePaths(Services& services,
                                                       const blob::ContainerRecord& container);

/// Is the directory empty? Its inode's row as it was before the look: a commit that demands it
/// knows that nothing was added since. Files whose time is over do not count; whatever takes the
/// name of one changes the inode as any new name does.
struct EmptyLook {
  bool empty = false;
  bool expired = false;  ///< rows of such files are there
  std::optional<engine::Row> inode;
};
Task<azure::Outcome<EmptyLook>> LookIntoDirectory(Services& services,
                                                  engine::PartitionRef partition,
                                                  std::uint64_t directory);

}  // namespace blobgate::operations
