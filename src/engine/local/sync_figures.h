// How many wait for a sync together, and how long it takes.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/distribution.h"

namespace blobgate::engine {

/// Any thread. Times in ns.
struct SyncFigures {
  Shares commit_batches;
  Durations commit_time;
  Shares segment_writers;
  Durations segment_time;
};

/// Adds the time from its construction to its destruction.
class TimedSync {
 public:
  explicit TimedSync(Durations& times) : times_(times) {}
  ~TimedSync() {
    const std::chrono::nanoseconds took = Clock::now() - began_;
    times_.Add(static_cast<std::uint64_t>(took.count()));
  }
  TimedSync(const TimedSync&) = delete;
  TimedSync& operator=(const TimedSync&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  Durations& times_;
  const Clock::time_point began_ = Clock::now();
};

}  // namespace blobgate::engine
