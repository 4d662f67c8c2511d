// The layers of a page blob. Pure.
//
// The pages of one lineage lie in layers, one above the other. Writes go to the newest, so that a
// snapshot costs nothing but a new layer: it keeps the layers up to the one that was the newest
// then, and the base blob goes on in the next. A state of the blob is read through its own layer
// and all below; what is above a snapshot's layer is what changed since.
//
// A layer belongs to the state that was written in it: the base blob or a snapshot. When that state
// goes, the layer belongs to nobody, and its chunks may move one by one into the layer above:
// whoever reads the one reads the other as well, so nobody sees the move. What no state reads any
// more is removed. Both is done later (operations/leftovers.h).
//
// A layer can also hide whole chunks of all that is below it (masks), so that cutting or clearing
// terabytes is one small change.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/page_chunk.h"

namespace blobgate::blob {

/// Chunks [first, end).
struct ChunkRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
  bool operator==(const ChunkRange&) const = default;
};

/// More chunks than any blob has: the end of a mask that reaches to the end of the blob.
inline constexpr std::uint32_t kChunksEnd = static_cast<std::uint32_t>(kMaxPageBlob / kPageChunk);

struct PageLayer {
  std::uint64_t number = 0;
  std::uint32_t owners = 1;       ///< states of the blob that end with this layer
  std::vector<ChunkRange> masks;  ///< in order, apart from each other

  bool Hides(std::uint32_t chunk) const;
  /// Adds a mask.
  void Hide(ChunkRange range);
  bool operator==(const PageLayer&) const = default;
};

/// The row of a lineage.
struct PageLineage {
  /// More than this need not be; a row has room for them. One more snapshot is refused.
  static constexpr std::size_t kMaxLayers = 2000;

  std::vector<PageLayer> layers;  ///< the oldest first; numbers ascend

  /// One layer with one owner.
  static PageLineage New();
  /// Starts a new layer with one owner, and answers its number. The one below keeps its owners.
  std::uint64_t Freeze();
  /// An owner of layer `number` is gone; false: it had none.
  bool Disown(std::uint64_t number);
  bool AnyOwned() const;
  /// The layer with this number; null: there is none.
  PageLayer* Find(std::uint64_t number);
  const PageLayer* Find(std::uint64_t number) const;
  /// Is there a layer below `number`?
  bool HasBelow(std::uint64_t number) const;

  /// What collection does next: a newest layer that belongs to nobody goes away; else the oldest
  /// that belongs to nobody goes into the one above it.
  struct Step {
    std::uint64_t from = 0;
    std::optional<std::uint64_t> into;
    bool bottom = false;  ///< nothing lies below `from`
  };
  std::optional<Step> NextStep() const;
  /// The chunks of `step.from` are gone: removes the layer; its masks go to the one above.
  void Finish(const Step& step);

  std::string Encode() const;
  static Result<PageLineage> Decode(std::string_view row);
  bool operator==(const PageLineage&) const = default;
};

/// What moving one chunk does, when layer `from` goes into the layer `into` above it: what the row
/// above becomes. Both rows may be missing (null). Empty: there is to be no row.
PageChunk MergeChunk(const PageLineage& lineage, const PageLineage::Step& step, std::uint32_t chunk,
                     const PageChunk* below, const PageChunk* above);

/// Rows of one chunk by their layer's number.
using ChunkRows = std::map<std::uint64_t, PageChunk>;

/// The pages of `chunk` as the state that ends with `layer` has them: written runs only, each with
/// the layer it is from.
PageChunk ViewChunk(const PageLineage& lineage, std::uint64_t layer, std::uint32_t chunk,
                    const ChunkRows& rows);

/// Pages that are different in two states.
struct PageChange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool cleared = false;  ///< they have no data any more; else they were written
};

/// The changes between two views of a chunk, in order: written in a layer above `since`, or written
/// in `then` and not in `now`. REQUIRES: `then` is the view of a state whose layer is `since`.
std::vector<PageChange> DiffChunk(const PageChunk& now, const PageChunk& then, std::uint64_t since);

}  // namespace blobgate::blob
