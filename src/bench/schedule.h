// When the requests of an open loop are due.
#pragma once

#include <chrono>
#include <cstdint>

namespace blobgate::bench {

using SteadyClock = std::chrono::steady_clock;
using Instant = SteadyClock::time_point;

/// Evenly spaced requests, `rate` a second in all, dealt in turn to `workers`; this is the share of
/// `worker` (from 0). Due times follow from the start alone: they do not move when answers are
/// late, so that what waits for a slow server is counted as waiting.
class Schedule {
 public:
  /// REQUIRES: rate > 0, worker < workers.
  Schedule(double rate, unsigned worker, unsigned workers, Instant start)
      : interval_ns_(1e9 / rate), step_(workers), next_(worker), start_(start) {}

  /// When the next request is due.
  Instant next() const {
    const double ns = static_cast<double>(next_) * interval_ns_;
    return start_ + std::chrono::nanoseconds(static_cast<std::int64_t>(ns));
  }
  void Advance() { next_ += step_; }

  /// How many are due before `end` and were not taken.
  std::uint64_t LeftBefore(Instant end) const;

 private:
  double interval_ns_;
  std::uint64_t step_;
  std::uint64_t next_;  // counted over all workers
  Instant start_;
};

}  // namespace blobgate::bench
