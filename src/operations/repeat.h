// Work in the background: again and again until the server stops, or in paced batches.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "operations/call.h"

namespace blobgate::operations {

/// True once the Task was asked to stop.
Task<bool> Stopped();

/// Waits; returns early, with false, when the Task is asked to stop. REQUIRES: throw_if_cancelled
/// is off, here and in RestAfter.
Task<bool> Pause(std::chrono::steady_clock::duration time);

/// Between two batches: waits as long as the last one took, which began at `began`, but not longer
/// than `longest`. As Pause.
Task<bool> RestAfter(std::chrono::steady_clock::time_point began,
                     std::chrono::steady_clock::duration longest);

/// May work that failed with `code` do better later?
bool MayPass(Errc code);

/// Spawns a Task that runs `pass` now, and again `interval` after each end. A failure other than
/// kCancelled is logged with `name`, and the next pass comes all the same.
void SpawnRepeated(Services& services, std::string name, std::chrono::seconds interval,
                   std::move_only_function<Task<Status>()> pass);

using AccountPass = std::move_only_function<Task<Status>(const Account&)>;

/// The same with `pass` for each account that there is then, one after the other. The failure of
/// one is logged with `name` and the account, and the others have their turn.
void SpawnForAccounts(Services& services, std::string name, std::chrono::seconds interval,
                      AccountPass pass);

}  // namespace blobgate::operations
