// Appending to one active segment: large writes go straight to the file, short extents and syncs
// are grouped.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "base/task.h"
#include "engine/local/segment_file.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

/// How many pieces are being written.
using WritesInProgress = std::atomic<unsigned>;

/// Shared by the segment and by every writer that has room reserved in it. Thread-safe.
class SegmentAppender : public std::enable_shared_from_this<SegmentAppender> {
 public:
  /// All references must outlive it; `pool` must be joined before they go. `writes` counts what
  /// Write has in hand.
  SegmentAppender(Disk& disk, StoreState& state, boost::asio::thread_pool& pool,
                  SegmentFilePtr file, std::shared_ptr<WritesInProgress> writes)
      : disk_(disk),
        state_(state),
        pool_(pool),
        file_(std::move(file)),
        writes_(std::move(writes)) {}

  /// Writes `data` at `position`, both aligned to kBlock, from aligned memory. Blocks. Written is
  /// not durable.
  Status Write(std::uint64_t position, Bytes data);

  /// Writes `data` (may be empty; aligned as above; must stay until the Task resumes) and then
  /// makes everything written to the segment before this call durable. Calls that wait at the same
  /// time share one fdatasync; one that began earlier does not count. A failed sync ends all
  /// writing (StoreState::FailForever).
  Task<Status> WriteAndSync(std::uint64_t position, Bytes data);

  /// Bytes for the file, aligned as above. `status` is set if they could not be written.
  struct Piece {
    std::uint64_t position = 0;
    Bytes data;
    Status* status = nullptr;
  };
  /// Writes the pieces, those that lie one behind the other in one call. Blocks. Written is not
  /// durable.
  void WriteGathered(std::vector<Piece> pieces);

  /// Makes everything written before the call durable, as WriteAndSync does, for so many extents.
  /// Blocks.
  Status Sync(std::size_t extents);

  /// For sealing: cuts or extends the file to `end` and makes it durable. Blocks.
  Status Close(std::uint64_t end);

 private:
  struct Waiter {
    std::uint64_t position = 0;
    Bytes data;
    Status status;
    Completer<Status> done;
  };

  void Enqueue(Waiter waiter);
  void Drain();

  Disk& disk_;
  StoreState& state_;
  boost::asio::thread_pool& pool_;
  const SegmentFilePtr file_;
  const std::shared_ptr<WritesInProgress> writes_;
  std::mutex mutex_;
  std::vector<Waiter> waiting_;  ///< guarded by mutex_
  bool draining_ = false;        ///< guarded by mutex_: a pool thread is in Drain
};

}  // namespace blobgate::engine
