// Extents that do not lie where they were born.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/local/clock_cache.h"
#include "engine/local/place.h"

namespace blobgate::engine {

/// An extent that changed its place.
struct Move {
  Place birth;
  Place from;
  Place to;
};

/// What is known in memory about moved extents: a bounded cache of their rows, and the places of
/// those that were released but are still on the disk, because whoever held a ReadGuard may read
/// on. Thread-safe, no I/O.
class Places {
 public:
  /// Moved extents remembered, at most.
  static constexpr std::size_t kCached = 64 * 1024;

  std::optional<Place> Find(const Place& birth) { return cache_.Get(birth); }

  /// Counts the moves. What was read from the catalog since `epoch` was current is remembered only
  /// if it still is: it may be older than a move otherwise.
  std::uint64_t epoch() const;
  void Remember(const Place& birth, const Place& now, std::uint64_t epoch);
  /// A commit made these moves. Before their old places become garbage.
  void Apply(const std::vector<Move>& moves);

  /// The row of a moved extent is about to go. Before that, so that a reader finds one or the
  /// other.
  void Depart(const Place& birth, const Place& now);
  std::optional<Place> Departed(const Place& birth) const;
  /// It is off the disk, or its row stayed after all.
  void Forget(const Place& birth);

 private:
  ClockCache<Place, Place, PlaceHash> cache_{kCached};
  mutable std::mutex mutex_;
  std::uint64_t epoch_ = 0;
  std::unordered_map<Place, Place, PlaceHash> departed_;
};

}  // namespace blobgate::engine
