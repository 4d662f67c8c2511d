// The local engine: segment files for bytes, RocksDB for the catalog, in one data directory.
// docs/on-disk-format.md says what lies there, docs/durability.md what survives what.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "blobgate/engine/engine.h"

namespace rocksdb {
class Env;
}

namespace blobgate::engine {

class Disk;

/// Sizes in bytes.
struct LocalOptions {
  std::string data_dir;
  std::uint64_t segment_bytes = 1024ull * 1024 * 1024;  ///< a segment is sealed near this size
  std::uint64_t read_cache_bytes = 32ull * 1024 * 1024;
  /// For blocks of the catalog, and a quarter of it for rows that are read often.
  std::uint64_t catalog_cache_bytes = 32ull * 1024 * 1024;
  std::uint64_t row_cache_bytes() const { return catalog_cache_bytes / 4; }
  bool direct_io = true;  ///< O_DIRECT for segment writes where the file system has it
  /// Uploads and growing commits answer kNoSpace while the disk has less than this left, so that
  /// deletes and the catalog's own housekeeping still have room.
  std::uint64_t reserve_bytes = 64ull * 1024 * 1024;
  /// How fast the background scrub reads; 0: it is off.
  std::uint64_t scrub_bytes_per_second = 0;
  std::chrono::seconds scrub_interval{7 * 24 * 3600};  ///< from the start of a pass to the next
  /// Blocks set aside so that a store opens, and deletes go on, on a disk without a free one.
  std::uint64_t ballast_bytes = 48ull * 1024 * 1024;
  /// Of each of two pools for blocking calls: one writes pieces of content, the other does all
  /// else.
  unsigned io_threads = 8;
  /// How long content of short extents may be in the catalog's log alone.
  std::chrono::milliseconds logged_wait{1000};
  /// Active segments for extents above 64 KiB, at most; one more for others, and one for those
  /// that are moved.
  unsigned large_writers = 8;
  /// Sealed segments that are less live than this are rewritten at about that speed. 0 bytes: not
  /// by themselves.
  std::uint64_t rewrite_bytes_per_second = 16ull * 1024 * 1024;
  unsigned rewrite_live_percent = 30;
  unsigned max_open_segments = 256;  ///< descriptors kept open for reads

  // Seams for the fault tests. Null: the real ones. Must outlive the engine.
  Disk* disk = nullptr;
  rocksdb::Env* catalog_env = nullptr;
};

/// Opens or creates the store, and recovers what was in use at a crash. Blocks. Errors:
/// kUnavailable when another process (or engine) has the directory, kInvalidArgument for a format
/// newer than this program, kCorruption when a segment that holds live bytes is missing or cut
/// short or the catalog is damaged, kIoError otherwise. On an error nothing was lost or changed but
/// for what recovery would do again.
Result<std::unique_ptr<Engine>> OpenLocalEngine(const LocalOptions& options);

/// Blocks until nothing released or discarded before the call waits to be taken off the disk, but
/// for what a ReadGuard holds back. REQUIRES: `engine` is from OpenLocalEngine. For tests and
/// maintenance commands.
void WaitUntilReclaimed(Engine& engine);

/// Writes the short extents that were committed before the call to their segments (LoggedExtents).
/// Blocks. False: some cannot be written at the moment. REQUIRES: as above. For tests.
bool WriteWhatWaits(Engine& engine);

/// Rewrites every sealed segment that is less live than LocalOptions::rewrite_live_percent, at full
/// speed, as long as the disk has room for it. Blocks. The same REQUIRES.
void RewriteSparseSegments(Engine& engine);

/// `ref` with the segment and the position where the bytes of that extent lie now. Blocks.
/// kCorruption for a damaged row. The same REQUIRES.
Result<ExtentRef> PresentPlace(Engine& engine, const ExtentRef& ref);

/// A scrub pass begins at once, or after the one that is running. kInvalidArgument: scrubbing is
/// off. REQUIRES: as above.
Status RequestScrub(Engine& engine);
/// The same, and blocks until that pass is complete. kCancelled: the engine is closing.
Status RunScrub(Engine& engine);

/// What a snapshot is made of.
struct SnapshotReport {
  std::uint64_t segments = 0;      ///< count
  std::uint64_t linked = 0;        ///< of them: share their file with the store
  std::uint64_t cloned = 0;        ///< of them: share blocks with it until one side changes them
  std::uint64_t copied_bytes = 0;  ///< sizes of the others
};

/// Makes `target` a data directory that holds all that was answered before the call, and may hold
/// what is written meanwhile, each change whole or not at all. The store is used on; space of what
/// is deleted comes back when the snapshot is done. `target` must not exist or be empty, outside of
/// the store; its parent must exist. On another file system everything is copied. Blocks. While the
/// snapshot exists, the space of what is deleted later in segments that it shares stays taken.
/// Errors: kInvalidArgument (the target), kCancelled, kNoSpace, kIoError, kCorruption; `target` is
/// then removed. REQUIRES: as above.
Result<SnapshotReport> TakeSnapshot(Engine& engine, const std::string& target,
                                    const std::stop_token& stop = {});

}  // namespace blobgate::engine
