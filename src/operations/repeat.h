// Work that is done again and again in the background until the server stops.
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

/// Waits; returns early, with false, when the Task is asked to stop.
Task<bool> Pause(std::chrono::milliseconds time);

/// Spawns a Task that runs `pass` now, and again `interval` after each end. A failure other than
/// kCancelled is logged with `name`, and the next pass comes all the same.
void SpawnRepeated(Services& services, std::string name, std::chrono::seconds interval,
                   std::move_only_function<Task<Status>()> pass);

}  // namespace blobgate::operations
