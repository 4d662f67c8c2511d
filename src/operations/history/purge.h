// The end of what was deleted softly: states whose retention is over go for good.
#pragma once

#include <string>
#include <vector>

#include "operations/call.h"

namespace blobgate::operations {

/// Removes every deleted blob, snapshot and version of `accounts` that is due at the clock's time,
/// found through the purge index. kCancelled when the Task was asked to stop.
Task<Status> PurgeDeleted(Services& services, std::vector<std::string> accounts);

/// Does so every hour, in the background, for the accounts that there are then.
void SpawnPurge(Services& services);

}  // namespace blobgate::operations
