// Uncommitted blocks that nobody commits go away by themselves (operations.md 1.10).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "operations/call.h"

namespace blobgate::operations {

/// The uncommitted blocks of a blob live this long after its last Put Block.
inline constexpr std::chrono::hours kStagedLifetime{7 * 24};

/// One pass over the containers of `accounts`: a blob whose last Put Block is older than
/// kStagedLifetime by `services.clock` loses all its uncommitted blocks; one that has nothing else
/// goes as well. ETag and Last-Modified stay. Costs one row for each blob with uncommitted blocks.
/// A blob that cannot be read is logged and skipped. Errors: of the catalog; what was removed until
/// then stays removed. kCancelled: asked to stop.
Task<Status> ExpireStagedBlocks(Services& services, std::vector<std::string> accounts);

/// Starts a pass over the accounts that there are now, and another every hour until shutdown.
/// `services` must outlive Background's tasks.
void SpawnStagedExpiry(Services& services);

}  // namespace blobgate::operations
