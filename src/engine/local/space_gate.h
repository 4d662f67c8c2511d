// Writers that find the disk full wait a moment for space that is on its way back.
#pragma once

#include <cstdint>

#include "base/task.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

/// Thread-safe. The references must outlive it.
class SpaceGate {
 public:
  SpaceGate(const StoreState& state, GarbageQueue& garbage) : state_(state), garbage_(garbage) {}

  /// As StoreState::CheckSpace, but while something waits to be taken off the disk it hurries that,
  /// and tries again for a few seconds before it says kNoSpace.
  Task<Status> Admit(std::uint64_t bytes);
  /// The same as StoreState::CheckReserve.
  Task<Status> AdmitCommit();

 private:
  template <class Check>
  Task<Status> Wait(Check check);

  const StoreState& state_;
  GarbageQueue& garbage_;
};

}  // namespace blobgate::engine
