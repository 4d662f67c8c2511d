// Descriptors of segments that are read, a bounded number of them.
#pragma once

#include <cstdint>

#include "engine/local/clock_cache.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {

/// Thread-safe. The paths outlive it.
class SegmentFiles {
 public:
  enum class Way {
    kPageCache,
    kDirect,  ///< past it, where the file system can: SegmentPaths::OpenDirect
  };

  SegmentFiles(const SegmentPaths& paths, Way way, std::size_t most)
      : paths_(paths), way_(way), open_(most) {}

  /// kCorruption when there is no such segment: a reference to it exists, so it should be there.
  /// May block for as long as open(2) does.
  Result<SegmentFilePtr> Get(std::uint64_t segment) {
    if (auto file = open_.Get(segment)) return std::move(*file);
    auto file = way_ == Way::kDirect ? paths_.OpenDirect(segment) : paths_.Open(segment);
    if (file) {
      open_.Put(segment, *file, 1);
    } else if (file.error().code == Errc::kNotFound) {
      return Fail(Errc::kCorruption, file.error().detail + " is missing");
    }
    return file;
  }
  void Forget(std::uint64_t segment) { open_.Erase(segment); }

 private:
  const SegmentPaths& paths_;
  const Way way_;
  ClockCache<std::uint64_t, SegmentFilePtr> open_;
};

}  // namespace blobgate::engine
