// Copies an extent as it lies on the disk, and checks every byte on the way.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "base/buffer.h"
#include "engine/local/extent_format.h"
#include "engine/local/place.h"
#include "engine/local/segment_file.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

/// The copy is the same to the byte: its footer still names the place where the extent was born,
/// which is the extent's name and so tells as well as before whether the right bytes are there.
/// One thread at a time. The disk must outlive it.
class ExtentCopier {
 public:
  /// Called before every piece with its bytes; false ends copying.
  using GoOn = std::function<bool(std::uint64_t)>;

  ExtentCopier(Disk& disk, GoOn go_on) : disk_(disk), go_on_(std::move(go_on)), buffer_(kPiece) {}

  /// Writes the extent `ref`, which lies at `from` in `file`, into the room `to`. Not durable yet.
  /// kCorruption when a byte does not match its checksum; kCancelled when it was not to go on;
  /// kNoSpace and kIoError as of the disk.
  Status Copy(const ExtentRef& ref, const Place& from, const SegmentFile& file,
              const Reservation& to);

 private:
  /// A multiple of the chunk.
  static constexpr std::uint64_t kPiece = 1024 * 1024;

  Status Read(const SegmentFile& file, std::uint64_t position, MutableBytes into);
  Result<ChunkChecks> ReadTrailer(const ExtentRef& ref, const Place& from, const SegmentFile& file,
                                  const Reservation& to);

  Disk& disk_;
  const GoOn go_on_;
  AlignedBuffer buffer_;
};

}  // namespace blobgate::engine
