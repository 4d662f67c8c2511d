// Bytes of segments into memory, as they lie there.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <cstdint>

#include "base/buffer.h"
#include "base/task.h"
#include "engine/local/place.h"
#include "engine/local/read_ring.h"
#include "engine/local/segment_files.h"
#include "engine/local/segments.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

/// Thread-safe. All references must outlive it.
class SegmentReader {
 public:
  /// `direct`: descriptors that go past the page cache; null: all reads go through it.
  SegmentReader(const Segments& segments, SegmentFiles& files, SegmentFiles* direct, Disk& disk,
                StoreState& state, boost::asio::thread_pool& pool)
      : segments_(segments),
        files_(files),
        direct_(direct),
        disk_(disk),
        state_(state),
        pool_(pool) {}

  bool has_direct() const { return direct_ != nullptr; }
  /// Not of one that is growing: ext4 and others let direct reads wait for each write that makes
  /// the file longer, and reads of the page cache not.
  bool IsGoodForDirect(std::uint64_t segment) const {
    return has_direct() && !segments_.IsActive(segment);
  }

  /// Fills the first `size` bytes of `memory` through the page cache: for what is read in order, so
  /// that the kernel reads ahead, and for what is read again. Errors: kCorruption when the segment
  /// is missing or ends too early, kIoError.
  Task<Status> Read(Place from, ReadMemory memory, std::size_t size);

  /// The same past the page cache: it costs a fraction, but nothing is read ahead or kept.
  /// The position and `size` are multiples of kBlock. REQUIRES: has_direct().
  Task<Status> ReadDirect(Place from, ReadMemory memory, std::size_t size);

  /// Begins the same, and nobody waits for it: `done` hears on a thread of `executor` whether the
  /// memory was filled. False: it is not begun, and `done` is dropped.
  bool BeginDirect(Place from, ReadMemory memory, std::size_t size,
                   const boost::asio::any_io_executor& executor, Completer<bool> done);

 private:
  Result<SegmentFilePtr> Open(SegmentFiles& files, std::uint64_t segment);
  Task<Status> Wait(SegmentFilePtr file, Place from, ReadMemory memory, std::size_t size);
  Status ReadNow(const SegmentFile& file, Place from, MutableBytes into);

  const Segments& segments_;
  SegmentFiles& files_;
  SegmentFiles* const direct_;
  Disk& disk_;
  StoreState& state_;
  boost::asio::thread_pool& pool_;
};

}  // namespace blobgate::engine
