#include "engine/local/repair_plan.h"

#include <rocksdb/write_batch.h>

#include <algorithm>
#include <string>

#include "engine/local/catalog_db.h"
#include "engine/local/extent_format.h"
#include "engine/local/offline_store.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {
namespace {

Status SetCount(const CatalogDb& db, const Place& birth, const RepairPlan::Count& count,
                rocksdb::WriteBatch& batch) {
  const std::string key = PlaceKey(birth);
  ExtentRow row{0, count.ref.length, count.ref.check, std::nullopt};
  std::string value;
  const auto got = db.db().Get({}, db.extents(), key, &value);
  if (got.ok()) {
    const auto known = ExtentRow::Decode(value);
    if (!known) return Fail(Errc::kCorruption, "catalog: damaged extent row");
    row = *known;
  } else if (!got.IsNotFound()) {
    return FromRocks(got);
  } else if (count.at != birth) {
    row.moved = count.at;
  }
  if (count.references == 0) {
    (void)batch.Delete(db.extents(), key);
    const std::string place = PlaceKey(row.PlaceOf(birth));
    (void)batch.Put(db.garbage(), place, EncodeLength(StoredLength(count.ref.length)));
    if (row.moved) (void)batch.Delete(db.meta(), MovedKey(*row.moved));
    return {};
  }
  row.references = count.references;
  (void)batch.Put(db.extents(), key, row.Encode());
  return {};
}

/// What lies in each segment once the counts are changed.
struct Content {
  std::uint64_t live = 0;  ///< stored bytes
  std::uint64_t end = 0;   ///< of the last extent
};

std::map<std::uint64_t, Content> ContentAfter(const RepairPlan& plan) {
  std::map<std::uint64_t, Content> content;
  auto add = [&content](const Place& at, std::uint64_t stored) {
    Content& segment = content[at.segment];
    segment.live += stored;
    segment.end = std::max(segment.end, at.position + stored);
  };
  std::set<Place> known;
  for (const LedgerEntry& entry : plan.extents) {
    const Place birth{entry.ref.space, entry.ref.position};
    known.insert(birth);
    const auto changed = plan.counts.find(birth);
    if (changed != plan.counts.end() && changed->second.references == 0) continue;
    add(entry.at, StoredLength(entry.ref.length));
  }
  for (const auto& [birth, count] : plan.counts) {
    if (!known.contains(birth)) add(count.at, StoredLength(count.ref.length));
  }
  return content;
}

/// Whether an extent that was born in the segment lies elsewhere.
bool IsLeft(const RepairPlan& plan, std::uint64_t id) {
  const auto left = [id](const LedgerEntry& entry) {
    return entry.ref.space == id && entry.at != Place{entry.ref.space, entry.ref.position};
  };
  const auto found_elsewhere = [id](const auto& count) {
    return count.first.segment == id && count.second.at.segment != 0 &&
           count.second.at != count.first;
  };
  return std::ranges::any_of(plan.extents, left) ||
         std::ranges::any_of(plan.counts, found_elsewhere);
}

SegmentRow RowAfter(const RepairPlan& plan, std::uint64_t id, const Content& content) {
  const auto size = plan.file_sizes.find(id);
  const std::uint64_t file = size == plan.file_sizes.end() ? 0 : size->second;
  const auto found = plan.rows.find(id);
  SegmentRow row{SegmentRow::State::kSealed, 0, file};
  if (found != plan.rows.end()) row = found->second;
  row.live = content.live;
  if (plan.segments.contains(id) && IsLeft(plan, id)) {
    if (row.state == SegmentRow::State::kActive) row.end = file;
    row.state = SegmentRow::State::kEmptying;
  }
  if (row.state != SegmentRow::State::kActive) {
    row.end = std::max(content.end, std::min(row.end, file));
  }
  return row;
}

void SetSegments(const CatalogDb& db, const RepairPlan& plan, rocksdb::WriteBatch& batch) {
  const auto content = ContentAfter(plan);
  std::set<std::uint64_t> ids = plan.segments;
  for (const auto& [id, row] : plan.rows) ids.insert(id);
  for (const std::uint64_t id : ids) {
    const auto found = content.find(id);
    const SegmentRow row = RowAfter(plan, id, found == content.end() ? Content{} : found->second);
    const auto before = plan.rows.find(id);
    if (!plan.segments.contains(id) && before->second.live == row.live) continue;
    (void)batch.Put(db.meta(), SegmentKey(id), row.Encode());
  }
}

Status ChangeCatalog(const CatalogDb& db, const RepairPlan& plan) {
  rocksdb::WriteBatch batch;
  for (const auto& [birth, count] : plan.counts) BG_CHECK(SetCount(db, birth, count, batch));
  for (const Place& place : plan.garbage_to_drop) {
    (void)batch.Delete(db.garbage(), PlaceKey(place));
  }
  for (const auto& [place, row] : plan.moved_to_put) {
    (void)batch.Put(db.meta(), MovedKey(place), row.Encode());
  }
  for (const Place& place : plan.moved_to_drop) (void)batch.Delete(db.meta(), MovedKey(place));
  SetSegments(db, plan, batch);
  if (batch.Count() == 0) return {};
  rocksdb::WriteOptions options;
  options.sync = true;
  return FromRocks(db.db().Write(options, &batch));
}

}  // namespace

Status ApplyRepairs(OfflineStore& store, const RepairPlan& plan) {
  BG_CHECK(store.Reopen(/*writable=*/true));
  BG_CHECK(ChangeCatalog(store.db(), plan));
  for (const std::uint64_t id : plan.files_to_remove) BG_CHECK(store.paths().Remove(id));
  return store.Reopen(/*writable=*/false);
}

}  // namespace blobgate::engine
