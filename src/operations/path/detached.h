// Directories that were deleted and whose content is still there: one row each (blob::DetachedKey),
// which no path leads to any more. The work may touch millions of rows; it is done in small paced
// batches, each right by itself: a file goes with its references, a subdirectory becomes a detached
// one, and the row goes when nothing is left in the directory. It may be cut off anywhere.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "operations/call.h"

namespace blobgate::operations {

/// Removes what is in the detached directories of the container with name space `space`. OK: there
/// were none left at the end. kCancelled: asked to stop; anything else: of the engine.
Task<Status> CollectDetached(Services& services, std::string space);

/// Starts it in the background unless it runs already; it tries again after failures that may pass.
void SpawnDetached(Services& services, std::string space);

/// At start-up: for every container of `accounts` that has detached directories.
Task<Status> ResumeDetached(Services& services, std::vector<std::string> accounts);

}  // namespace blobgate::operations
