#include "engine/local/commit_group.h"

#include <spdlog/fmt/fmt.h>
#include <utility>

#include "engine/local/extent_format.h"

namespace blobgate::engine {
namespace {

bool Names(const ExtentRow& row, const ExtentRef& ref) {
  return row.length == ref.length && row.check == ref.check;
}

}  // namespace

// RocksDB's sequence number grows by at least one per put and never falls, so numbers that start
// behind it were never used, not even before a restart.
CommitGroup::CommitGroup(CatalogDb& db, Segments& segments)
    : db_(db), segments_(segments), first_version_(db.db().GetLatestSequenceNumber() + 1) {}

Status CommitGroup::Add(std::uint64_t partition, const Batch& batch) {
  BG_CHECK(CheckPreconditions(partition, batch));
  BG_TRY(ExtentStates staged, CountReferences(batch));
  for (auto& [place, state] : staged) {
    // Taken out of the fresh ones, so that a Discard from now on does nothing.
    if (state.fresh && segments_.TakeFresh(state.ref)) effects_.acquired.push_back(state.ref);
    extents_.insert_or_assign(place, state);
  }
  StageRows(partition, batch);
  return {};
}

Status CommitGroup::CheckPreconditions(std::uint64_t partition, const Batch& batch) {
  for (const Precondition& wanted : batch.preconditions) {
    BG_TRY(const std::optional<RowVersion> version, VersionOf(RowKey(partition, wanted.key)));
    bool holds = false;
    switch (wanted.kind) {
      case Precondition::Kind::kAbsent:
        holds = !version;
        break;
      case Precondition::Kind::kPresent:
        holds = version.has_value();
        break;
      case Precondition::Kind::kVersion:
        holds = version == wanted.version;
        break;
    }
    if (!holds) return Fail(Errc::kConflict);
  }
  return {};
}

Result<std::optional<RowVersion>> CommitGroup::VersionOf(const std::string& row_key) {
  if (const auto found = rows_.find(row_key); found != rows_.end()) return found->second;
  rocksdb::PinnableSlice value;
  const auto status = db_.db().Get({}, db_.rows(), row_key, &value);
  if (status.IsNotFound()) return std::optional<RowVersion>();
  BG_CHECK(FromRocks(status));
  const auto row = DecodeRow(value.ToStringView());
  if (!row) return Fail(Errc::kCorruption, "catalog: row cut short");
  return std::optional(row->version);
}

Result<CommitGroup::ExtentStates> CommitGroup::CountReferences(const Batch& batch) {
  ExtentStates staged;
  for (const ExtentRef& ref : batch.acquires) {
    BG_TRY(ExtentState * state, StateOf(ref, staged));
    if (state->references == 0 && !state->fresh) return Fail(Errc::kExtentGone);
    // Fresh only until its first reference: if that goes again, the extent is gone.
    ++state->references;
  }
  for (const ExtentRef& ref : batch.releases) {
    BG_TRY(ExtentState * state, StateOf(ref, staged));
    if (state->references == 0) return Fail(Errc::kInternal, "release without a reference");
    --state->references;
  }
  return staged;
}

Result<CommitGroup::ExtentState*> CommitGroup::StateOf(const ExtentRef& ref, ExtentStates& staged) {
  const Place place{ref.space, ref.position};
  auto found = staged.find(place);
  if (found == staged.end()) {
    ExtentState state;
    if (const auto earlier = extents_.find(place); earlier != extents_.end()) {
      state = earlier->second;
      state.fresh = false;
    } else {
      BG_TRY(state, LoadExtent(ref));
    }
    found = staged.emplace(place, state).first;
  }
  if (found->second.ref != ref) return Fail(Errc::kExtentGone, "the place holds another extent");
  return &found->second;
}

Result<CommitGroup::ExtentState> CommitGroup::LoadExtent(const ExtentRef& ref) {
  ExtentState state;
  state.ref = ref;
  std::string value;
  const auto status = db_.db().Get({}, db_.extents(), PlaceKey({ref.space, ref.position}), &value);
  if (status.IsNotFound()) {
    state.fresh = segments_.IsFresh(ref);
    return state;
  }
  BG_CHECK(FromRocks(status));
  const auto row = ExtentRow::Decode(value);
  if (!row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
  if (!Names(*row, ref)) return Fail(Errc::kExtentGone, "the place holds another extent");
  state.references = row->references;
  state.in_catalog = true;
  return state;
}

void CommitGroup::StageRows(std::uint64_t partition, const Batch& batch) {
  for (const std::string& key : batch.deletes) {
    const std::string row_key = RowKey(partition, key);
    (void)batch_.Delete(db_.rows(), row_key);
    rows_[row_key] = std::nullopt;
  }
  for (const RowPut& put : batch.puts) {
    const std::string row_key = RowKey(partition, put.key);
    const RowVersion version = first_version_ + puts_++;
    (void)batch_.Put(db_.rows(), row_key, EncodeRow(version, put.value));
    rows_[row_key] = version;
  }
}

void CommitGroup::PutMeta(std::string_view key, std::string_view value) {
  (void)batch_.Put(db_.meta(), key, value);
}

SegmentRow& CommitGroup::Segment(std::uint64_t id) {
  const auto found = segment_rows_.find(id);
  if (found != segment_rows_.end()) return found->second;
  return segment_rows_.emplace(id, segments_.RowOf(id).value_or(SegmentRow{})).first->second;
}

void CommitGroup::DropSegment(std::uint64_t id) {
  (void)batch_.Delete(db_.meta(), SegmentKey(id));
  effects_.dropped.push_back(id);
}

void CommitGroup::DropGarbageRow(const Place& place) {
  (void)batch_.Delete(db_.garbage(), PlaceKey(place));
}

void CommitGroup::WriteExtents() {
  for (const auto& [place, state] : extents_) {
    const std::string key = PlaceKey(place);
    const std::uint64_t stored = StoredLength(state.ref.length);
    SegmentRow& segment = Segment(place.segment);
    if (state.in_catalog) segment.live -= stored;
    if (state.references > 0) {
      segment.live += stored;
      const ExtentRow row{state.references, state.ref.length, state.ref.check};
      (void)batch_.Put(db_.extents(), key, row.Encode());
      continue;
    }
    if (state.in_catalog) (void)batch_.Delete(db_.extents(), key);
    (void)batch_.Put(db_.garbage(), key, EncodeLength(stored));
    effects_.garbage.push_back({place, stored, true});
  }
}

void CommitGroup::WriteSegments() {
  for (const auto& [id, row] : segment_rows_) {
    (void)batch_.Put(db_.meta(), SegmentKey(id), row.Encode());
  }
  effects_.rows = segment_rows_;
}

rocksdb::Status CommitGroup::Write(bool sync) {
  WriteExtents();
  WriteSegments();
  rocksdb::WriteOptions options;
  options.sync = sync;
  return db_.db().Write(options, &batch_);
}

}  // namespace blobgate::engine
