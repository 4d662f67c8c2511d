// Compares stored extents with their checksums, from the disk itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "blobgate/engine/extent_store.h"
#include "engine/local/extent_format.h"
#include "engine/local/place.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {

/// Content bytes of an extent that cannot be served.
struct ExtentDamage {
  std::uint64_t offset = 0;  ///< in the extent's content
  std::uint64_t length = 0;  ///< bytes
  std::string what;          ///< for the log, with segment and position
};

/// Reads past the page cache where the file system can (O_DIRECT): what the cache holds may hide
/// what the disk holds. Blocks. One thread; keeps the segment it read last open. The paths outlive
/// it.
class ExtentVerifier {
 public:
  /// Called before so many bytes are read; false ends the work with kCancelled.
  using Pace = std::function<bool(std::uint64_t bytes)>;

  explicit ExtentVerifier(const SegmentPaths& paths, Pace pace = {});

  /// Damage of the extent `ref` that lies at `at`; empty: none. With `content` every byte is
  /// looked at, else only that the file holds the extent and that the trailer is good. Bytes the
  /// disk fails to give are damage too. Errors: kCancelled, and what opening the file may say; a
  /// missing file is damage.
  Result<std::vector<ExtentDamage>> Verify(const ExtentRef& ref, const Place& at, bool content);

  /// The same, and appends the content to `out`.
  Result<std::vector<ExtentDamage>> Read(const ExtentRef& ref, const Place& at, std::string& out);

  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  using Damage = std::vector<ExtentDamage>;

  Status OpenSegment(std::uint64_t segment);
  Result<std::string> ReadAt(std::uint64_t position, std::uint64_t length);
  Result<bool> LoadChecks(const ExtentRef& ref, const Place& at, Damage& damage);
  Status VerifyContent(const ExtentRef& ref, const Place& at, Damage& damage, std::string* out);
  void VerifyChunks(const ExtentRef& ref, std::uint64_t first, Bytes content, Damage& damage);
  void Add(const ExtentRef& ref, std::uint64_t offset, std::uint64_t length, std::string_view what,
           Damage& damage) const;

  const SegmentPaths& paths_;
  const Pace pace_;
  AlignedBuffer buffer_;
  ChunkChecks checks_;  ///< of the extent at hand
  std::uint64_t segment_ = 0;
  SegmentFilePtr file_;  ///< of segment_; null: it is missing
  std::uint64_t bytes_read_ = 0;
};

}  // namespace blobgate::engine
