// The written pages of a page blob, and the difference between two states of it, piece by piece.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "azure/page_list_xml.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// What is to be looked at: bytes [begin, end), whole pages, for at most `limit` ranges.
struct RangeWalk {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::size_t limit = 0;
};

struct FoundRanges {
  std::vector<azure::ListedPages> ranges;  ///< in order, neighbours of one kind merged
  std::optional<std::uint64_t> next;       ///< where the rest begins; nullopt: that is all
};

/// `since`: a diff with the state of the same lineage that ends with this layer. nullopt: the blob
/// has changed since `target` was loaded. Reads the map in windows of bounded size.
Task<azure::Outcome<std::optional<FoundRanges>>> CollectRanges(Services& services,
                                                               const Target& target, RangeWalk walk,
                                                               std::optional<std::uint64_t> since);

/// The snapshot that a diff compares with.
struct PreviousState {
  Time snapshot{};
};

/// `prevsnapshot`, or the snapshot in the URL of x-ms-previous-snapshot-url; nullopt: neither was
/// sent. 400 InvalidQueryParameterValue or InvalidHeaderValue when it is no timestamp; 400
/// PreviousSnapshotCannotBeNewer when `snapshot` is older.
azure::Outcome<std::optional<PreviousState>> ParsePreviousState(const Call& call);

/// The layer that `previous`, a snapshot of the same blob as `target`, ends with. 409
/// PreviousSnapshotNotFound; 409 BlobOverwritten when the blob got new content since then.
Task<azure::Outcome<std::uint64_t>> LayerOfPrevious(Call& call, const Target& target,
                                                    const PreviousState& previous);

}  // namespace blobgate::operations
