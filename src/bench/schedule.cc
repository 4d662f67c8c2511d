#include "bench/schedule.h"

namespace blobgate::bench {

std::uint64_t Schedule::LeftBefore(Instant end) const {
  std::uint64_t left = 0;
  for (Schedule rest = *this; rest.next() < end; rest.Advance()) ++left;
  return left;
}

}  // namespace blobgate::bench
