// The pages of one chunk of a page blob in one layer. Pure.
//
// A page blob is cut into chunks of 4 MiB. What was written of a chunk is one row of the catalog:
// runs of pages, each a part of an extent. Pages that no run names were never written here. A layer
// with others below it (blob/page_layers.h) also has runs that are cleared: they hide what lies
// below.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::blob {

inline constexpr std::uint64_t kPageSize = 512;                  ///< bytes
inline constexpr std::uint64_t kPageChunk = 4ull * 1024 * 1024;  ///< bytes
inline constexpr std::uint64_t kMaxPageBlob = 8ull << 40;        ///< bytes
inline constexpr std::uint32_t kPagesInChunk = kPageChunk / kPageSize;

/// Pages that lie next to each other in the blob and in the extent.
struct PageRun {
  std::uint32_t first = 0;  ///< page in the chunk
  std::uint32_t count = 0;  ///< pages, above 0
  bool cleared = false;     ///< no bytes: the pages are as if never written
  engine::ExtentRef extent;
  std::uint64_t offset = 0;  ///< bytes into the extent
  /// The layer that a view has this run from (page_layers.h); not stored.
  std::uint64_t layer = 0;

  std::uint32_t end() const { return first + count; }
  bool operator==(const PageRun&) const = default;
};

class PageChunk {
 public:
  /// In ascending order, without overlaps; neighbours that continue each other are one.
  const std::vector<PageRun>& runs() const { return runs_; }
  bool empty() const { return runs_.empty(); }

  /// `run` takes the place of whatever was there. REQUIRES: it lies in the chunk and its extent.
  void Put(const PageRun& run);
  /// Makes pages [first, first + count) such that no run names them.
  void Erase(std::uint32_t first, std::uint32_t count);
  /// The same for all pages that a run of `chunk` names.
  void Erase(const PageChunk& chunk);
  /// `above` in front of this chunk, cleared runs included.
  void Cover(const PageChunk& above);
  /// Without cleared runs: nothing lies below any more.
  void EraseCleared();
  /// Marks every run as of `layer`.
  void SetLayer(std::uint64_t layer);

  /// Every extent once, in order of first use. A row holds one reference to each.
  std::vector<engine::ExtentRef> Extents() const;
  /// Written pages.
  std::uint64_t CountPages() const;

  /// At most 60 KiB while there are no more than kMaxExtents.
  std::string Encode() const;
  static Result<PageChunk> Decode(std::string_view row);

  bool operator==(const PageChunk&) const = default;

 private:
  std::vector<PageRun> runs_;
};

/// A row with more extents than this, or whose extents are longer than three chunks in sum, is
/// gathered before it is stored.
inline constexpr std::size_t kMaxExtents = 64;

/// The runs whose bytes should move into one new extent, so that a row stays small and overwritten
/// bytes do not stay on the disk for the sake of a few pages: those of the extents with the fewest
/// pages in use, until half of both bounds is reached. Empty: the chunk may stay as it is. Together
/// they are at most one chunk long.
std::vector<PageRun> PlanGather(const PageChunk& chunk);
/// `chunk` with the bytes of `runs` in `extent`, one behind the other.
void Gather(PageChunk& chunk, const std::vector<PageRun>& runs, const engine::ExtentRef& extent);

}  // namespace blobgate::blob
