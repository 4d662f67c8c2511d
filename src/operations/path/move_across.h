// A file, or a directory with all that is in it, goes to another container. Its rows are in another
// partition there, under new ids (docs/hierarchical-namespace.md, "To another filesystem").
#pragma once

#include <cstddef>

#include "operations/blob_store.h"

namespace blobgate::operations {

/// What one move takes along: rows that it puts at the destination, and the bytes of their keys and
/// values. All of it is one commit, and while that is checked and written every other one waits.
struct MoveLimits {
  std::size_t rows = 0;
  std::size_t bytes = 0;
};
/// The commit looks at each row once more, to see that it has not changed; it takes 0.1 s.
inline constexpr MoveLimits kDirectoryLimits = {10'000, 8 * 1024 * 1024};
/// An append blob with all the blocks that it may have. Put Block List of as many is as much work.
inline constexpr MoveLimits kFileLimits = {51'000, 16 * 1024 * 1024};

/// The two halves of a move, for CommitTargets.
struct PathMove {
  engine::Batch taken;   ///< of the source
  engine::Batch given;   ///< of the destination
  std::size_t rows = 0;  ///< that it takes along
};

/// Adds to `move` all rows of `source`, but the record's own at the destination: `record` is what
/// that is to be; it gets the id of that place, and as a directory the height that it really has.
/// The commit finds out when any of these rows has changed, or a name was added below. The extents'
/// references stay with the rows. 409 FeatureNotYetSupportedForHierarchicalNamespaceAccounts past
/// the limits, PendingCopyOperation for a copy that is not done; 403
/// RequestForbiddenByContainerEncryptionPolicy for what the destination's container does not take
/// under the key it has. REQUIRES: both are in hierarchical containers, and nothing is missing on
/// the way to `destination`.
Task<azure::Outcome<void>> MoveAcross(Services& services, const Target& source,
                                      const Target& destination, blob::BlobRecord& record,
                                      PathMove& move);

}  // namespace blobgate::operations
