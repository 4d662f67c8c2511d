// The bytes half of the engine contract: immutable extents.
//
// Threads: an ExtentWriter belongs to one Task at a time; everything else may be called from any
// Task. Tasks resume on their own executor.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/distribution.h"
#include "base/result.h"
#include "base/task.h"

namespace blobgate::engine {

/// Names one immutable extent. Opaque above the engine except for its length: rows store it as
/// the fixed kEncodedSize bytes. Two references are equal when they name the same extent.
/// It does not say where the bytes lie: an engine may move them.
struct ExtentRef {
  static constexpr std::size_t kEncodedSize = 32;

  std::uint64_t space = 0;     ///< engine's own (local: segment the extent was born in)
  std::uint64_t position = 0;  ///< engine's own (local: offset in that segment)
  std::uint64_t length = 0;    ///< content bytes, above 0
  std::uint64_t check = 0;     ///< CRC-64/NVME of the content

  /// Appends exactly kEncodedSize bytes (little endian) to `out`.
  void EncodeTo(std::string& out) const;
  /// REQUIRES: in.size() >= kEncodedSize; only the first kEncodedSize bytes are read.
  static ExtentRef Decode(Bytes in);
  bool operator==(const ExtentRef&) const = default;
};

/// Receives the content of one new extent in order. Destroying it without Finish abandons the
/// bytes: they become garbage that the engine reclaims.
class ExtentWriter {
 public:
  virtual ~ExtentWriter() = default;

  /// Takes the next bytes; they are copied or written before the Task resumes, so `data` may be
  /// reused then. The sum over all calls must not pass the length given to Create. Pieces of
  /// 256 KiB to 1 MiB are best.
  virtual Task<Status> Append(Bytes data) = 0;

  /// Makes the content durable and names it. The sum of all Appends must be the length given to
  /// Create. The extent has no reference yet: it lives until the process ends or a commit
  /// acquires it.
  virtual Task<Result<ExtentRef>> Finish() = 0;
};

/// While one is held, no extent that was referenced when it was taken is taken off the disk, even
/// if its last reference is dropped: take it before reading the row that names the extents, keep it
/// until the last Read. Hold it for as long as a response streams, not longer: space freed since
/// then waits for it. Movable; may be destroyed on any thread. Must not outlive the engine.
using ReadGuard = std::shared_ptr<const void>;

class ExtentStore {
 public:
  virtual ~ExtentStore() = default;

  /// The longest extent, bytes. Longer content is several extents.
  static constexpr std::uint64_t kMaxExtent = 256ull * 1024 * 1024;

  /// Reserves room for `length` bytes, 0 < length <= kMaxExtent. kNoSpace when the disk has not
  /// that much left; kReadOnly after a failed sync.
  virtual Task<Result<std::unique_ptr<ExtentWriter>>> Create(std::uint64_t length) = 0;

  /// Gives back an extent from Finish that no commit acquired (the operation failed afterwards), so
  /// that its space does not wait for the next start. REQUIRES: it was never acquired.
  virtual void Discard(const ExtentRef& ref) = 0;

  virtual ReadGuard BeginRead() = 0;

  /// Trades `guard` for one that holds only `extents`, which were referenced when it was taken: a
  /// response that takes long should not keep the space of everything else from coming back. Costs
  /// memory and time for each extent.
  virtual ReadGuard Narrow(ReadGuard guard, const std::vector<ExtentRef>& extents) {
    (void)extents;
    return guard;
  }

  /// Reads `length` bytes from `offset`. Every byte given out was verified against the checksum
  /// made when it was written; kCorruption otherwise. Answers at most kMaxRead bytes, and may
  /// answer fewer than asked (at least one), so that a caller streams in bounded pieces. It should
  /// ask for as much as it will want in all: an engine may read ahead.
  /// REQUIRES: offset + length <= ref.length, length > 0.
  static constexpr std::uint64_t kMaxRead = 256 * 1024;
  virtual Task<Result<SharedBytes>> Read(const ExtentRef& ref, std::uint64_t offset,
                                         std::uint64_t length) = 0;

  /// What Read answers, when that is in memory; nullopt: ask Read. An engine that keeps nothing
  /// need not have it.
  virtual std::optional<SharedBytes> ReadCached(const ExtentRef& ref, std::uint64_t offset,
                                                std::uint64_t length) {
    (void)ref, (void)offset, (void)length;
    return std::nullopt;
  }
};

/// Figures for metrics and `blobgate stats`. Bytes unless said otherwise.
struct EngineStats {
  std::uint64_t segments = 0;            ///< count
  std::uint64_t segment_bytes = 0;       ///< size of all segment files
  std::uint64_t live_bytes = 0;          ///< in extents that have a reference
  std::uint64_t disk_free_bytes = 0;     ///< on the file system of the data directory
  std::uint64_t disk_size_bytes = 0;     ///< of that file system
  std::uint64_t commits = 0;             ///< batches applied since start, count
  std::uint64_t commit_groups = 0;       ///< syncs those batches shared, count
  std::uint64_t corruption_errors = 0;   ///< reads refused since start, count
  std::uint64_t garbage_bytes = 0;       ///< of dead extents that still take up space
  std::uint64_t reclaimed_bytes = 0;     ///< of dead extents, given back since start
  std::uint64_t holes_punched = 0;       ///< for that, count
  std::uint64_t rewritten_segments = 0;  ///< emptied because little of them was live, count
  std::uint64_t rewritten_bytes = 0;     ///< live bytes copied for that since start
  std::uint64_t sparse_segments = 0;     ///< to be emptied, count
  std::uint64_t sparse_live_bytes = 0;   ///< to be copied for that
  std::uint64_t scrubbed_bytes = 0;      ///< read by the background scrub since start
  std::uint64_t damaged_extents = 0;     ///< found by the pass that runs, or by the last one, count
  bool scrub_running = false;            ///< a pass has begun and is not complete
  std::uint64_t scrub_pass_bytes = 0;    ///< read by the pass that runs, or by the last one
  std::int64_t last_scrub = 0;  ///< end of the last complete pass, seconds since 1970; or 0
  double recovery_seconds = 0;  ///< of the last start
  bool read_only = false;       ///< after a failed sync

  // Since start. Times in ns.
  Spread commit_batches;   ///< batches that shared one sync of the catalog's log
  Spread commit_time;      ///< of these writes and syncs
  Spread segment_writers;  ///< extents that shared one sync of a segment
  Spread segment_time;     ///< of these syncs
};

}  // namespace blobgate::engine
