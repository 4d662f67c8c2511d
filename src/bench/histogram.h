// Latencies in buckets whose width grows with the value, as HdrHistogram has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace blobgate::bench {

/// Counts of durations in ns up to 18 minutes (longer ones count as that), each told to within
/// 0.8 %. A fixed 34 KiB. One thread.
class Histogram {
 public:
  Histogram();

  void Record(std::uint64_t ns);
  void Merge(const Histogram& other);

  std::uint64_t count() const { return count_; }
  /// Exact; 0 when nothing was recorded.
  std::uint64_t max() const { return max_; }
  double mean() const;
  /// The least recorded duration that `share` (0 to 1) of all do not exceed, rounded up to the end
  /// of its bucket; never more than max(). 0 when nothing was recorded.
  std::uint64_t Quantile(double share) const;

 private:
  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace blobgate::bench
