// Last access time tracking: when a blob was last read or written, to the day.
#pragma once

#include <chrono>

#include "operations/blob_store.h"

namespace blobgate::operations {

/// A later read changes the time only once it is so old.
inline constexpr std::chrono::hours kAccessTimeStep{24};

/// The content of `target` is read by `call`. Where the account tracks that and the time is old, it
/// is written in the background: the read does not wait, and when the process ends first, a later
/// read does it. Neither ETag nor Last-Modified change. A blob that a lifecycle rule moved to Cool
/// may become Hot.
void NoteAccess(const Call& call, const Target& target);

/// Since when `account` has tracked access times without a break; zero: it does not. Remembers it
/// when that is new, and forgets it when tracking is off. Call it at start-up.
Task<Result<Time>> AccessTrackedSince(Services& services, const Account& account);

}  // namespace blobgate::operations
