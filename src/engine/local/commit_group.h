// Commits that share one write to RocksDB, evaluated one after the other.
#pragma once

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "blobgate/engine/catalog.h"
#include "engine/local/catalog_db.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/extent_format.h"
#include "engine/local/logged_extents.h"
#include "engine/local/places.h"
#include "engine/local/row_cache.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

/// Lives on the committer thread for one group. Each commit is checked against the database as
/// those before it in the group would leave it; one that fails leaves no trace. Nothing is changed
/// outside the group until Write.
class CommitGroup {
 public:
  CommitGroup(CatalogDb& db, RowCache& rows, Segments& segments, Places& places,
              const LoggedExtents& logged);

  /// Adds a commit whole, or fails with kConflict, kExtentGone, kCorruption, kIoError or kInternal.
  /// REQUIRES: CheckParts passed.
  Status Add(const std::vector<PartitionBatch>& parts);

  // For changes of the engine's own.
  void PutMeta(std::string_view key, std::string_view value);
  /// A segment's row to change; it starts as it is now, or new.
  SegmentRow& Segment(std::uint64_t id);
  void DropSegment(std::uint64_t id);
  void DropGarbageRow(const Place& place);
  void DropLoggedRow(const Place& place);
  /// The referenced extent born at `move.birth` now lies at `move.to`, where a durable copy is, in
  /// a place reserved for it; the old place becomes garbage. False when it is not at `move.from` or
  /// has no reference any more: nothing happens.
  Result<bool> MoveExtent(const Move& move);

  bool empty() const { return batch_.Count() == 0 && extents_.empty() && segment_rows_.empty(); }

  /// Writes it all; with `sync` it is durable when OK. After a failure that RocksDB has got over it
  /// may be called again.
  rocksdb::Status Write(bool sync);
  /// What Write did to segments and extents. `landed` is right even when Write failed.
  GroupEffects TakeEffects() { return std::move(effects_); }

 private:
  struct ExtentState {
    ExtentRef ref;
    std::uint64_t references = 0;
    bool in_catalog = false;  ///< has a row in the database
    bool fresh = false;       ///< nothing but its writer knew it before the group
    Place at;                 ///< where the database has it
    Place place;              ///< where the group leaves it

    Place birth() const { return {ref.space, ref.position}; }
    std::uint64_t stored() const { return StoredLength(ref.length); }
    bool moves() const { return in_catalog && place != at; }
  };
  using ExtentStates = std::unordered_map<Place, ExtentState, PlaceHash>;

  Status CheckPreconditions(std::uint64_t partition, const Batch& batch);
  Result<std::optional<RowVersion>> VersionOf(const std::string& row_key);
  Result<ExtentStates> CountReferences(const std::vector<PartitionBatch>& parts);
  Result<ExtentState*> StateOf(const ExtentRef& ref, ExtentStates& staged);
  Result<ExtentState> LoadExtent(const ExtentRef& ref);
  Result<ExtentState> LoadRow(const Place& birth);
  void StageRows(std::uint64_t partition, const Batch& batch);
  void WriteExtents();
  void WriteReferenced(const ExtentState& state);
  void WriteReleased(const ExtentState& state);
  void LeavePlace(const ExtentState& state, Garbage garbage);
  void WriteSegments();

  CatalogDb& db_;
  RowCache& cached_rows_;
  Segments& segments_;
  Places& places_;
  const LoggedExtents& logged_;
  const RowVersion first_version_;
  RowVersion puts_ = 0;
  rocksdb::WriteBatch batch_;
  bool complete_ = false;  ///< extents and segments are in batch_
  std::unordered_map<std::string, std::optional<RowVersion>> rows_;  ///< as the group leaves them
  ExtentStates extents_;                                             ///< as the group leaves them
  std::map<std::uint64_t, SegmentRow> segment_rows_;
  GroupEffects effects_;
};

}  // namespace blobgate::engine
