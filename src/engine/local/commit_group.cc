#include "engine/local/commit_group.h"

#include <utility>

namespace blobgate::engine {

// RocksDB's sequence number grows by at least one per put and never falls, so numbers that start
// behind it were never used, not even before a restart.
CommitGroup::CommitGroup(CatalogDb& db, RowCache& rows, Segments& segments, Places& places,
                         const LoggedExtents& logged)
    : db_(db),
      cached_rows_(rows),
      segments_(segments),
      places_(places),
      logged_(logged),
      first_version_(db.db().GetLatestSequenceNumber() + 1) {}

Status CommitGroup::Add(const std::vector<PartitionBatch>& parts) {
  for (const auto& [partition, batch] : parts) BG_CHECK(CheckPreconditions(partition.id, batch));
  BG_TRY(ExtentStates staged, CountReferences(parts));
  for (auto& [place, state] : staged) {
    // Taken out of the fresh ones, so that a Discard from now on does nothing.
    if (state.fresh && segments_.TakeFresh(state.ref)) {
      effects_.landed.push_back({place, state.stored(), false});
      if (const auto content = logged_.Find(place)) {
        (void)batch_.Put(db_.meta(), LoggedKey(place), AsChars(content->view()));
      }
    }
    extents_.insert_or_assign(place, state);
  }
  for (const auto& [partition, batch] : parts) StageRows(partition.id, batch);
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
  if (const RowCache::RowPtr cached = cached_rows_.Find(row_key)) return cached->version;
  rocksdb::PinnableSlice value;
  RowCache::Reading reading(cached_rows_, row_key);
  const auto status = db_.db().Get({}, db_.rows(), row_key, &value);
  if (status.IsNotFound()) return std::optional<RowVersion>();
  BG_CHECK(FromRocks(status));
  const auto row = DecodeRow(value.ToStringView());
  if (!row) return Fail(Errc::kCorruption, "catalog: row cut short");
  reading.Offer(row_key, {std::string(row->value), row->version});
  return std::optional(row->version);
}

Result<CommitGroup::ExtentStates> CommitGroup::CountReferences(
    const std::vector<PartitionBatch>& parts) {
  ExtentStates staged;
  for (const auto& [partition, batch] : parts) {
    for (const ExtentRef& ref : batch.acquires) {
      BG_TRY(ExtentState * state, StateOf(ref, staged));
      if (state->references == 0 && !state->fresh) return Fail(Errc::kExtentGone);
      // Fresh only until its first reference: if that goes again, the extent is gone.
      ++state->references;
    }
  }
  for (const auto& [partition, batch] : parts) {
    for (const ExtentRef& ref : batch.releases) {
      BG_TRY(ExtentState * state, StateOf(ref, staged));
      if (state->references == 0) return Fail(Errc::kInternal, "release without a reference");
      --state->references;
    }
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
  const Place birth{ref.space, ref.position};
  if (segments_.IsFresh(ref)) {  // no place is used twice, so there is no row
    ExtentState state;
    state.at = state.place = birth;
    state.ref = ref;
    state.fresh = true;
    return state;
  }
  BG_TRY(ExtentState state, LoadRow(birth));
  if (!state.in_catalog) {
    state.ref = ref;
  } else if (state.ref != ref) {
    return Fail(Errc::kExtentGone, "the place holds another extent");
  }
  return state;
}

Result<CommitGroup::ExtentState> CommitGroup::LoadRow(const Place& birth) {
  ExtentState state;
  state.at = state.place = birth;
  std::string value;
  const auto status = db_.db().Get({}, db_.extents(), PlaceKey(birth), &value);
  if (status.IsNotFound()) return state;
  BG_CHECK(FromRocks(status));
  const auto row = ExtentRow::Decode(value);
  if (!row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
  state.ref = {birth.segment, birth.position, row->length, row->check};
  state.references = row->references;
  state.in_catalog = true;
  state.at = state.place = row->PlaceOf(birth);
  return state;
}

Result<bool> CommitGroup::MoveExtent(const Move& move) {
  auto found = extents_.find(move.birth);
  if (found == extents_.end()) {
    BG_TRY(const ExtentState state, LoadRow(move.birth));
    if (!state.in_catalog) return false;
    found = extents_.emplace(move.birth, state).first;
  }
  ExtentState& state = found->second;
  const bool settled = state.in_catalog && !state.moves();
  if (!settled || state.references == 0 || state.place != move.from) return false;
  state.place = move.to;
  effects_.landed.push_back({move.to, state.stored(), false});
  return true;
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

void CommitGroup::DropLoggedRow(const Place& place) {
  (void)batch_.Delete(db_.meta(), LoggedKey(place));
}

void CommitGroup::WriteExtents() {
  for (const auto& [birth, state] : extents_) {
    if (state.in_catalog) Segment(state.at.segment).live -= state.stored();
    if (state.references > 0) {
      WriteReferenced(state);
    } else {
      WriteReleased(state);
    }
  }
}

void CommitGroup::WriteReferenced(const ExtentState& state) {
  const Place birth = state.birth();
  ExtentRow row{state.references, state.ref.length, state.ref.check, std::nullopt};
  if (state.place != birth) row.moved = state.place;
  (void)batch_.Put(db_.extents(), PlaceKey(birth), row.Encode());
  Segment(state.place.segment).live += state.stored();
  if (!state.moves()) return;
  Segment(state.at.segment).state = SegmentRow::State::kEmptying;
  LeavePlace(state, {state.at, state.stored(), true});
  (void)batch_.Put(db_.meta(), MovedKey(state.place), MovedRow{birth, state.stored()}.Encode());
  effects_.moves.push_back({birth, state.at, state.place});
}

// One that was moved in this very group leaves both places; nobody has seen the new one.
void CommitGroup::WriteReleased(const ExtentState& state) {
  if (state.in_catalog) (void)batch_.Delete(db_.extents(), PlaceKey(state.birth()));
  Garbage garbage{state.at, state.stored(), true};
  if (state.at != state.birth()) {
    garbage.departed = true;
    places_.Depart(state.birth(), state.at);
  }
  LeavePlace(state, garbage);
  if (state.moves()) LeavePlace(state, {state.place, state.stored(), true});
}

void CommitGroup::LeavePlace(const ExtentState& state, Garbage garbage) {
  if (garbage.place == state.at && state.at != state.birth()) {
    (void)batch_.Delete(db_.meta(), MovedKey(state.at));
  }
  garbage.birth = state.birth();
  (void)batch_.Put(db_.garbage(), PlaceKey(garbage.place), EncodeLength(garbage.stored));
  effects_.garbage.push_back(garbage);
}

void CommitGroup::WriteSegments() {
  for (const auto& [id, row] : segment_rows_) {
    (void)batch_.Put(db_.meta(), SegmentKey(id), row.Encode());
  }
  effects_.rows = segment_rows_;
}

rocksdb::Status CommitGroup::Write(bool sync) {
  if (!std::exchange(complete_, true)) {
    WriteExtents();
    WriteSegments();
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  const RowCache::Change change(cached_rows_, rows_);
  return db_.db().Write(options, &batch_);
}

}  // namespace blobgate::engine
