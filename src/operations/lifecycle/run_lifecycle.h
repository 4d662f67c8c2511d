// Runs the lifecycle rules of accounts: every state of every blob is looked at, and what a rule
// says about it is asked of the operations that clients use, so that leases, conditions and soft
// delete hold.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "operations/call.h"

namespace blobgate::operations {

/// What a run did, states of blobs.
struct LifecycleReport {
  std::uint64_t moved = 0;  ///< to another tier
  std::uint64_t removed = 0;
  std::uint64_t refused = 0;  ///< leased, with snapshots, changed in between, and so on
};

/// One run over all containers of `account` at the clock's time; nothing without a policy. It rests
/// after every thousand rows. A refusal by the operation leaves the blob to the next run. Errors:
/// of the catalog; kCancelled when the Task was asked to stop. What was done until then stays done.
Task<Result<LifecycleReport>> RunLifecycle(Services& services, const Account& account);

/// Does so for each account that has rules then, now and `interval` after each end.
void SpawnLifecycle(Services& services, std::chrono::seconds interval);

}  // namespace blobgate::operations
