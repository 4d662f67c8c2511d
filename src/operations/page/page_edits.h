// The pages of one blob while a batch of writes is applied to them (operations/blob_write.h).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "blob/page_layers.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// More chunks than this are not changed one by one: a layer that hides them is put above them.
inline constexpr std::uint32_t kMaxEditedChunks = 64;

class PageEdits {
 public:
  /// Chunks as one write wants them, in the layer that `target.blob` names when they are applied.
  struct Plan {
    std::map<std::uint32_t, blob::PageChunk> chunks;
    std::vector<engine::ExtentRef> gathered;  ///< written for it
    bool new_layer = false;  ///< the chunks are of a new layer, which hides `hidden`
    blob::ChunkRange hidden;
  };

  /// What writing `slices`, one behind the other from byte `offset` on, makes of the chunks.
  /// Changes nothing yet. REQUIRES: the pages lie in the blob; every slice is whole pages long.
  Task<Result<Plan>> PlanWrite(Services& services, const Target& target, std::uint64_t offset,
                               const std::vector<blob::Slice>& slices);
  /// What making pages [offset, offset + length) as if never written makes of them. `to_end`:
  /// whatever lies behind them as well.
  Task<Result<Plan>> PlanClear(Services& services, const Target& target, std::uint64_t offset,
                               std::uint64_t length, bool to_end);

  /// Adopts a plan; `target.blob` may get a new layer. Cannot fail. What was gathered counts as
  /// brought.
  void Apply(Plan plan, Target& target);
  /// An extent that a write brought: it may end up in no row.
  void Brought(const engine::ExtentRef& extent) { brought_.push_back(extent); }

  /// Adds the rows and their references to `batch`. Answers the extents that were brought and that
  /// nothing references after all.
  using Unused = std::vector<engine::ExtentRef>;
  Unused Finish(engine::Batch& batch);

 private:
  /// A chunk's row as it was read, and as it is to be.
  struct Edited {
    std::optional<engine::Row> row;
    blob::PageChunk before;
    blob::PageChunk after;
  };
  using Place = std::pair<std::uint64_t, std::uint32_t>;  ///< layer, chunk

  Task<Status> LoadLineage(Services& services, const Target& target);
  /// The chunk in the newest layer, as the writes so far leave it.
  Task<Result<blob::PageChunk>> Load(Services& services, const Target& target, std::uint32_t chunk);
  /// Adds what clearing pages [offset, end) of one chunk makes of it.
  Task<Status> ClearInChunk(Services& services, const Target& target, std::uint64_t offset,
                            std::uint64_t end, Plan& plan);
  /// The same for whole chunks.
  Task<Status> ClearChunks(Services& services, const Target& target, blob::ChunkRange range,
                           Plan& plan);
  /// The chunks of `range` in the newest layer, at most kMaxEditedChunks + 1 of them.
  Task<Result<std::vector<std::uint32_t>>> ChunksIn(Services& services, const Target& target,
                                                    blob::ChunkRange range);

  std::string name_;
  std::uint64_t lineage_number_ = 0;
  std::optional<engine::Row> lineage_row_;
  std::optional<blob::PageLineage> lineage_;
  bool lineage_changed_ = false;
  std::map<Place, Edited> chunks_;
  std::vector<engine::ExtentRef> brought_;
};

}  // namespace blobgate::operations
