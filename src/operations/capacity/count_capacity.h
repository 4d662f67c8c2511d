// Counting what accounts with a capacity quota store.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "operations/call.h"

namespace blobgate::operations {

/// Bytes of content in all containers of the account, also of those that were deleted and can be
/// restored: blobs, snapshots, versions, what is deleted and kept, uncommitted blocks. What a
/// snapshot or a version has in common with its blob counts once; pages that were never written do
/// not count. Reads every row, and pauses as long as it works. Rows that cannot be read are logged
/// and left out. Errors: of the catalog. kCancelled: asked to stop.
Task<Result<std::uint64_t>> CountContent(Services& services, std::string account);

/// Starts to count again and again, whenever it is due, until shutdown. `services` must outlive
/// Background's tasks.
void SpawnCapacityCounts(Services& services);

}  // namespace blobgate::operations
