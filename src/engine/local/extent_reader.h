// Verified reads of extents.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <memory>

#include "base/buffer.h"
#include "base/task.h"
#include "blobgate/engine/extent_store.h"
#include "engine/local/buffer_pool.h"
#include "engine/local/clock_cache.h"
#include "engine/local/doorkeeper.h"
#include "engine/local/extent_format.h"
#include "engine/local/extent_locator.h"
#include "engine/local/logged_extents.h"
#include "engine/local/place.h"
#include "engine/local/segment_files.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

/// Every byte given out was read into memory of our own and checked there against the chunk's CRC;
/// nothing is read again afterwards. Reads up to kCachedRead go chunk by chunk through a cache of
/// checked chunks. Longer ones take what it has, too, but leave in it only what was read so before,
/// not long ago: a big download does not flush it. Thread-safe.
class ExtentReader {
 public:
  static constexpr std::uint64_t kCachedRead = 64 * 1024;
  /// Memory for the chunk checksums of extents, bytes: 32 GiB of content.
  static constexpr std::size_t kTableBytes = 8 * 1024 * 1024;
  /// What the cache itself needs for an entry, roughly, bytes. Counted, so that a cache full of
  /// tiny extents keeps its bound.
  static constexpr std::size_t kEntryOverhead = 256;

  ExtentReader(ExtentLocator& locator, const LoggedExtents& logged, SegmentFiles& files, Disk& disk,
               StoreState& state, boost::asio::thread_pool& pool, std::size_t cache_bytes);

  /// As ExtentStore::Read. REQUIRES: CheckRange passed.
  Task<Result<SharedBytes>> Read(ExtentRef ref, std::uint64_t offset, std::uint64_t length);

 private:
  using Checks = std::shared_ptr<const ChunkChecks>;

  Task<Result<SharedBytes>> ReadCached(ExtentRef ref, std::uint64_t offset, std::uint64_t length);
  Task<Result<SharedBytes>> ReadChunks(ExtentRef ref, std::uint64_t first, std::uint64_t count);
  void Keep(const ExtentRef& ref, std::uint64_t first, Bytes data);
  Result<SharedBytes> CopyHeld(const ExtentRef& ref, Bytes held);
  Task<Result<Checks>> ChecksOf(ExtentRef ref, Place at);
  Task<Result<Place>> PlaceOf(ExtentRef ref);
  Task<Status> ReadInto(std::uint64_t segment, std::uint64_t position, MutableBytes into);
  Status ReadNow(std::uint64_t segment, std::uint64_t position, MutableBytes into);
  Status Verify(const ExtentRef& ref, const ChunkChecks& checks, std::uint64_t first, Bytes data);
  Error Damaged(const ExtentRef& ref, std::string_view what);

  ExtentLocator& locator_;
  const LoggedExtents& logged_;
  SegmentFiles& files_;
  Disk& disk_;
  StoreState& state_;
  boost::asio::thread_pool& pool_;
  BufferPool buffers_;
  ClockCache<Place, SharedBytes, PlaceHash> chunks_;  ///< by the birth place of the first byte
  Doorkeeper long_reads_;                             ///< of chunks, whom it lets into chunks_
  ClockCache<Place, Checks, PlaceHash> tables_;
};

}  // namespace blobgate::engine
