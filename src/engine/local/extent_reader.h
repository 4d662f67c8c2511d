// Verified reads of extents.
#pragma once

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
#include "engine/local/read_ahead.h"
#include "engine/local/segment_reader.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

/// Every byte given out was read into memory of our own and checked there against the chunk's CRC;
/// nothing is read again afterwards. Reads up to kCachedRead go chunk by chunk through a cache of
/// checked chunks. Longer ones take what it has, too, but leave in it only what was read so before,
/// not long ago: a big download does not flush it.
///
/// What is wanted for the first time is read past the page cache, unless its segment is growing;
/// what fell out of the cache and is wanted again, through it: what is read often has the machine's
/// free memory, too, and what is not costs no page. Of a long read the next pieces are read
/// while this one is sent. Thread-safe.
class ExtentReader {
 public:
  static constexpr std::uint64_t kCachedRead = 64 * 1024;
  /// Pieces of a long read that are under way, or wait, while one is sent: at most 1 MiB.
  static constexpr std::uint64_t kAhead = 4;
  /// Memory for the chunk checksums of extents, bytes: 32 GiB of content.
  static constexpr std::size_t kTableBytes = 8 * 1024 * 1024;
  /// Reads remembered, roughly: short ones of 8 GiB of content in 1 MiB.
  static constexpr std::size_t kRemembered = 256 * 1024;
  /// What the cache itself needs for an entry, roughly, bytes. Counted, so that a cache full of
  /// tiny extents keeps its bound.
  static constexpr std::size_t kEntryOverhead = 256;

  ExtentReader(ExtentLocator& locator, const LoggedExtents& logged, SegmentReader segments,
               StoreState& state, std::size_t cache_bytes);

  /// As ExtentStore::Read.
  Task<Result<SharedBytes>> Read(ExtentRef ref, std::uint64_t offset, std::uint64_t length);
  /// As ExtentStore::ReadCached.
  std::optional<SharedBytes> ReadCached(const ExtentRef& ref, std::uint64_t offset,
                                        std::uint64_t length);

 private:
  using Checks = std::shared_ptr<const ChunkChecks>;

  /// Where an extent lies now, and what its chunks must be.
  struct Located {
    Place at;
    Checks checks;
    Place PlaceOf(std::uint64_t chunk) const { return {at.segment, at.position + chunk * kChunk}; }
  };

  Task<Result<SharedBytes>> ReadChunk(ExtentRef ref, std::uint64_t chunk);
  Task<Result<SharedBytes>> ReadShort(ExtentRef ref, std::uint64_t first, std::uint64_t end);
  Task<Result<SharedBytes>> ReadLong(ExtentRef ref, std::uint64_t first, std::uint64_t end);
  Task<Status> ReadVerified(ExtentRef ref, const Located& located, std::uint64_t first,
                            ReadMemory memory, std::size_t size);
  Task<Status> ReadOnce(Place key, Place at, ReadMemory memory, std::size_t size);
  void BeginNext(const ExtentRef& ref, const Located& located, std::uint64_t first,
                 std::uint64_t end, const boost::asio::any_io_executor& executor);
  SharedBytes Keep(const ExtentRef& ref, std::uint64_t first, Bytes data, bool is_short);
  Result<SharedBytes> CopyHeld(const ExtentRef& ref, Bytes held);
  Task<Result<Located>> Locate(ExtentRef ref);
  Task<Result<Checks>> ChecksOf(ExtentRef ref, Place at);
  Status Verify(const ExtentRef& ref, const ChunkChecks& checks, std::uint64_t first, Bytes data);
  Error Damaged(const ExtentRef& ref, std::string_view what);

  ExtentLocator& locator_;
  const LoggedExtents& logged_;
  SegmentReader segments_;
  StoreState& state_;
  BufferPool buffers_;
  ReadAhead ahead_;
  ClockCache<Place, SharedBytes, PlaceHash> chunks_;  ///< by the birth place of the first byte
  Doorkeeper long_reads_;                             ///< of chunks, whom it lets into chunks_
  Doorkeeper seen_;  ///< what was read, by its first chunk: whom it lets into the page cache
  ClockCache<Place, Checks, PlaceHash> tables_;
};

}  // namespace blobgate::engine
