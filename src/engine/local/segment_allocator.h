// Gives writers room in active segments, and makes new ones.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/task.h"
#include "engine/local/committer.h"
#include "engine/local/segment_file.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

/// Slot 0 takes the short extents, so that most of those that wait at the same time lie one behind
/// the other and share one write and one sync (LoggedExtents); the last slot takes what is moved
/// out of sparse segments and is likely to stay; those in between take the long extents in turn.
/// Thread-safe. The references must outlive it.
class SegmentAllocator {
 public:
  /// Content up to this many bytes is short.
  static constexpr std::uint64_t kShort = 64 * 1024;

  SegmentAllocator(const SegmentPaths& paths, Segments& segments, Committer& committer,
                   GarbageQueue& garbage, StoreState& state, boost::asio::thread_pool& pool,
                   unsigned large_writers, bool direct_io);

  /// Room for an extent of `length` content bytes in a segment whose row is in the catalog.
  Task<Result<Reservation>> Reserve(std::uint64_t length);

  /// The same for `stored` bytes of an extent that is moved. Blocks.
  Result<Reservation> ReserveForMove(std::uint64_t stored);

  /// No segment takes anything more; those with nothing outstanding get sealed.
  void CloseAll();

 private:
  struct Slot {
    std::mutex rolling;                     ///< held while a new segment is made; pool threads only
    std::atomic<std::uint64_t> segment{0};  ///< 0: none yet
    /// Of its segments, at this moment. Shared with their appenders, which may outlive the slot.
    std::shared_ptr<WritesInProgress> writes = std::make_shared<WritesInProgress>(0);
  };

  std::size_t SlotFor(std::uint64_t length) const;
  Result<Reservation> Roll(Slot& slot, std::uint64_t stored);
  Result<std::uint64_t> Reuse(const Slot& slot, std::uint64_t id);
  Result<std::uint64_t> CreateNew(const Slot& slot);
  std::shared_ptr<SegmentAppender> MakeAppender(const Slot& slot, SegmentFilePtr file);

  const SegmentPaths& paths_;
  Segments& segments_;
  Committer& committer_;
  GarbageQueue& garbage_;
  StoreState& state_;
  boost::asio::thread_pool& pool_;
  const bool direct_io_;
  std::vector<Slot> slots_;  ///< for short extents, for long ones, for those that are moved
};

}  // namespace blobgate::engine
