// Holds work to so many bytes a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace blobgate::engine {

/// Thread-safe. Time that was not used is not saved up.
class Pacer {
 public:
  /// 0: no bound.
  explicit Pacer(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  /// Waits until `bytes` more may be moved. False, at once, after Stop.
  bool Take(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    if (rate_ == 0) return !stopped_;
    const auto due = std::max(Clock::now(), next_);
    const std::chrono::duration<double> cost(static_cast<double>(bytes) /
                                             static_cast<double>(rate_));
    next_ = due + std::chrono::duration_cast<Clock::duration>(cost);
    return !changed_.wait_until(lock, due, [this] { return stopped_; });
  }

  /// Ends all waiting, for good.
  void Stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

 private:
  using Clock = std::chrono::steady_clock;

  const std::uint64_t rate_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::time_point next_{};
  bool stopped_ = false;
};

}  // namespace blobgate::engine
