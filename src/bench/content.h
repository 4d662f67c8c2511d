// What the blobs of a run hold: bytes that follow from the number of the blob and the offset.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "bench/plan.h"

namespace blobgate::bench {

/// A mixer with good spread (splitmix64).
constexpr std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A cheap generator for one worker.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  /// Below `bound`; 0 when that is 0.
  std::uint64_t Below(std::uint64_t bound) {
    state_ += 0x9e3779b97f4a7c15;
    return bound == 0 ? 0 : Mix(state_) % bound;
  }

 private:
  std::uint64_t state_;
};

/// One pattern in memory from which all bodies are sent without copying, each blob beginning at a
/// place of its own. The length of the pattern is odd, so that pieces that are swapped or shifted
/// do not go unnoticed. Immutable; any thread.
class Content {
 public:
  Content();

  /// The bytes `offset` to `offset + length` of blob `number`, for a gathering write.
  void AppendTo(std::vector<iovec>& out, std::uint64_t number, std::uint64_t offset,
                std::uint64_t length) const;
  /// Whether `data` are the bytes of blob `number` from `offset`.
  bool Matches(std::uint64_t number, std::uint64_t offset, Bytes data) const;

 private:
  std::string pattern_;
};

inline std::uint64_t SizeOf(const SizeRange& size, std::uint64_t number) {
  return size.min + Mix(number ^ 0x5a5a) % (size.max - size.min + 1);
}

}  // namespace blobgate::bench
