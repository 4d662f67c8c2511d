// A bounded part of a page blob's map in memory: the chunks of a range, seen through the layers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "blob/page_layers.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// Rows that one window reads, bytes, roughly: shared out among the layers, each at least one row.
inline constexpr std::size_t kWindowBytes = 64 * 1024;

/// Chunks [first, end). Those without entry have no pages.
struct PageWindow {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  std::map<std::uint32_t, blob::PageChunk> chunks;  ///< written runs, with their layers
  /// Only of a diff: the same chunks as the older state has them.
  std::map<std::uint32_t, blob::PageChunk> then;
};

/// Which pages are asked for.
struct WindowRequest {
  std::uint64_t lineage = 0;
  std::uint64_t layer = 0;
  std::uint32_t first = 0;  ///< chunk
  std::uint32_t end = 0;    ///< chunk, not included; above `first`
  /// Set: a diff with the state that ends with this layer. Chunks that are the same in all layers
  /// above are left out, and not read.
  std::optional<std::uint64_t> since;
};

/// The map of a blob whose rows lie in `partition` under `name`, from request.first as far as the
/// bound allows (window.end is above first). Written pages beyond the blob's length are not left
/// out. kConflict: the lineage is not there (any more). What is read is right only if the blob's
/// own row is unchanged afterwards; moves of chunks between layers do not matter.
Task<Result<PageWindow>> LoadPageWindow(Services& services, engine::PartitionRef partition,
                                        std::string_view name, const WindowRequest& request);

/// Chunks that a blob of `length` bytes has.
inline std::uint32_t ChunksOf(std::uint64_t length) {
  return static_cast<std::uint32_t>((length + blob::kPageChunk - 1) / blob::kPageChunk);
}

}  // namespace blobgate::operations
