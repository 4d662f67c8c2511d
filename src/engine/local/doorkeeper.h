// Who may enter a cache: what was asked for before, and not long ago.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace blobgate::engine {

/// Remembers the latest hashes, about as many as it has room for, so that one pass over more than a
/// cache holds does not flush it (the doorkeeper of TinyLFU, Einziger, Friedman and Manes 2017, but
/// with buckets whose oldest mark goes, instead of a filter that is reset). Thread-safe, without
/// locks; a race costs an answer, no more.
class Doorkeeper {
 public:
  /// 4 bytes for each of `hashes`, which is rounded up.
  explicit Doorkeeper(std::size_t hashes)
      : buckets_(std::bit_ceil(std::max<std::size_t>(hashes / kMarks, 1))) {}

  /// Was `hash` asked about before, with fewer than kMarks others since that fell into its bucket?
  /// Notes it.
  bool Admits(std::uint64_t hash) {
    if (Knows(hash)) return true;
    Bucket& bucket = BucketOf(hash);
    for (std::size_t i = kMarks - 1; i > 0; --i) {
      bucket[i].store(bucket[i - 1].load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
    bucket[0].store(MarkOf(hash), std::memory_order_relaxed);
    return false;
  }

  /// What Admits would answer, but notes nothing.
  bool Knows(std::uint64_t hash) {
    return std::ranges::any_of(BucketOf(hash), [mark = MarkOf(hash)](const auto& known) {
      return known.load(std::memory_order_relaxed) == mark;
    });
  }

 private:
  static constexpr std::size_t kMarks = 8;
  using Bucket = std::array<std::atomic<std::uint32_t>, kMarks>;  ///< the latest first; 0 is none

  static std::uint32_t MarkOf(std::uint64_t hash) {
    return static_cast<std::uint32_t>(hash >> 32) | 1;
  }
  Bucket& BucketOf(std::uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }

  std::vector<Bucket> buckets_;
};

}  // namespace blobgate::engine
