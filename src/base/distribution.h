// How values are spread over buckets, counted while they happen and read for metrics.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace blobgate {

/// What a Distribution held at some moment. While values are added, `sum` may be a little ahead of
/// `counts` or behind it.
struct Spread {
  std::span<const std::uint64_t> bounds;  ///< of the buckets, upper and inclusive; static storage
  std::vector<std::uint64_t> counts;      ///< one more than bounds: the last has no bound
  std::uint64_t sum = 0;                  ///< of the values, in the unit of the bounds

  std::uint64_t count() const {
    std::uint64_t all = 0;
    for (const std::uint64_t some : counts) all += some;
    return all;
  }
};

/// Counts values in buckets with the upper bounds `kBounds`, which ascend. Any thread, no locks.
/// For distributions that are read rarely and of which most values are small.
template <const auto& kBounds>
class Distribution {
 public:
  void Add(std::uint64_t value) {
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && value > kBounds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
  }

  /// Adds what was counted here to `spread`, which is empty or of the same bounds.
  void AddTo(Spread& spread) const {
    spread.bounds = kBounds;
    spread.counts.resize(counts_.size());
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      spread.counts[i] += counts_[i].load(std::memory_order_relaxed);
    }
    spread.sum += sum_.load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

inline constexpr std::uint64_t kMicrosecond = 1'000;  ///< in ns
inline constexpr std::uint64_t kMillisecond = 1'000'000;
inline constexpr std::uint64_t kSecond = 1'000'000'000;

/// ns: from what a cached read takes to what a large upload over a slow line does.
inline constexpr auto kDurationBounds = std::to_array<std::uint64_t>(
    {100 * kMicrosecond, 250 * kMicrosecond, 500 * kMicrosecond, 1 * kMillisecond,
     2'500 * kMicrosecond, 5 * kMillisecond, 10 * kMillisecond, 25 * kMillisecond,
     50 * kMillisecond, 100 * kMillisecond, 250 * kMillisecond, 500 * kMillisecond, 1 * kSecond,
     2'500 * kMillisecond, 5 * kSecond, 10 * kSecond, 30 * kSecond, 60 * kSecond});

/// How many share something.
inline constexpr auto kShareBounds =
    std::to_array<std::uint64_t>({1, 2, 4, 8, 16, 32, 64, 128, 256, 512});

using Durations = Distribution<kDurationBounds>;  ///< of ns
using Shares = Distribution<kShareBounds>;

}  // namespace blobgate
