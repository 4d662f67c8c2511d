// The local engine: segment files for bytes, RocksDB for the catalog, in one data directory.
// docs/on-disk-format.md says what lies there, docs/durability.md what survives what.
#pragma once

#include <cstdint>
#include <memory>
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
  std::uint64_t catalog_cache_bytes = 32ull * 1024 * 1024;
  bool direct_io = true;  ///< O_DIRECT for segment writes where the file system has it
  /// Uploads and growing commits answer kNoSpace while the disk has less than this left, so that
  /// deletes and the catalog's own housekeeping still have room.
  std::uint64_t reserve_bytes = 64ull * 1024 * 1024;
  /// Blocks set aside so that a store opens, and deletes go on, on a disk without a free one.
  std::uint64_t ballast_bytes = 48ull * 1024 * 1024;
  unsigned io_threads = 8;     ///< of the pool for blocking calls
  unsigned large_writers = 2;  ///< active segments for extents above 64 KiB; one more for others
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

/// Rewrites every sealed segment that is less live than LocalOptions::rewrite_live_percent, at full
/// speed. Blocks. The same REQUIRES.
void RewriteSparseSegments(Engine& engine);

}  // namespace blobgate::engine
