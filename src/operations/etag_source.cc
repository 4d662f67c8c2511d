#include <algorithm>

#include "operations/call.h"

namespace blobgate::operations {

std::uint64_t EtagSource::Next(std::uint64_t above) {
  const std::uint64_t now = ToDotNetTicks(clock_.Now());
  std::uint64_t last = last_.load(std::memory_order_relaxed);
  for (;;) {
    const std::uint64_t next = std::max({now, last + 1, above + 1});
    if (last_.compare_exchange_weak(last, next, std::memory_order_relaxed)) return next;
  }
}

}  // namespace blobgate::operations
