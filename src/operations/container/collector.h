// Removes what a deleted container leaves behind.
//
// Delete Container leaves a garbage row in the account's partition. The collector first takes the
// container's AliveKey away, so that no commit of a request that still holds the container can add
// rows; then it deletes all rows in bounded batches, each with releases of every extent reference
// those rows hold; when a whole scan finds nothing, it deletes the garbage row. Every step may be
// repeated and may be cut off anywhere: rows go only together with their releases, and the garbage
// row goes last.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "operations/call.h"

namespace blobgate::operations {

struct DeletedContainer {
  std::string account;
  std::string name;         ///< as it was; finds the partition of the garbage row
  std::string incarnation;  ///< names the rows
};

struct CollectorLimits {
  // One commit: at least one row, then no more once one of these is reached.
  std::size_t rows = 500;
  std::size_t row_bytes = 1024 * 1024;
  std::size_t releases = 10'000;
  /// After a commit the collector rests for as long as the commit took, at most this long, so that
  /// it never takes more than half of the catalog's time.
  std::chrono::milliseconds longest_rest{100};
};

/// Collects one container. OK: nothing of it is left. kCorruption: a row could not be read, all
/// others are gone and the garbage row stays, so that the extents that the row names are not
/// forgotten. kUnavailable: change events wait for the feed of the account. kCancelled: asked to
/// stop. Anything else: try again later.
Task<Status> CollectContainer(Services& services, DeletedContainer container,
                              CollectorLimits limits = {});

/// Starts CollectContainer in the background; it tries again, with growing pauses, after failures
/// that may pass. `services` must outlive Background's tasks.
void SpawnCollection(Services& services, DeletedContainer container);

/// Those of `account` that are being removed.
Task<Result<std::vector<DeletedContainer>>> DeletedContainersOf(Services& services,
                                                                std::string account);

/// At start-up: spawns the collection of every container of `accounts` whose garbage row is there.
Task<Status> ResumeCollection(Services& services, std::vector<std::string> accounts);

}  // namespace blobgate::operations
