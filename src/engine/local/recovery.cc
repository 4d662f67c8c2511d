#include "engine/local/recovery.h"

#include <spdlog/spdlog.h>

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <utility>

#include "engine/local/catalog_iteration.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/logged_extents.h"
#include "engine/local/segment_contents.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

using SegmentTable = std::map<std::uint64_t, SegmentRow>;

Result<SegmentTable> LoadSegments(CatalogDb& db) {
  SegmentTable table;
  auto visit = [&table](std::string_view key, std::string_view value) -> Status {
    const std::string_view id = key.substr(kSegmentPrefix.size());
    const auto row = SegmentRow::Decode(value);
    if (id.size() != 8 || !row) return Fail(Errc::kCorruption, "catalog: damaged segment row");
    table[DecodeBigEndian(id)] = *row;
    return {};
  };
  BG_CHECK(ForEach(db, db.meta(), kSegmentPrefix, visit));
  return table;
}

Result<std::uint64_t> LoadNextId(CatalogDb& db, const SegmentTable& table) {
  std::uint64_t next = table.empty() ? 1 : table.rbegin()->first + 1;
  std::string value;
  const auto status = db.db().Get({}, db.meta(), kNextSegmentKey, &value);
  if (status.IsNotFound()) return next;
  BG_CHECK(FromRocks(status));
  if (value.size() != 8) return Fail(Errc::kCorruption, "catalog: damaged segment counter");
  return std::max(next, DecodeBigEndian(value));
}

/// A file without a row never held anything that was acknowledged.
Status RemoveStrays(const SegmentPaths& paths, const SegmentTable& table) {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(paths.directory(), ec)) {
    const std::uint64_t id = SegmentPaths::IdOf(entry.path().filename().string());
    if (id == 0 || table.contains(id)) continue;
    spdlog::info("segment {:x}: removed, nothing refers to it", id);
    BG_CHECK(paths.Remove(id));
  }
  if (ec) return Fail(Errc::kIoError, paths.directory() + ": " + ec.message());
  return {};
}

struct ActiveScan {
  std::uint64_t end = 0;   ///< behind the last referenced extent
  std::uint64_t live = 0;  ///< stored bytes of referenced extents
  std::vector<std::pair<std::uint64_t, std::uint64_t>> gaps;  ///< begin, end
};

Result<ActiveScan> ScanActive(CatalogDb& db, std::uint64_t id) {
  ActiveScan scan;
  BG_TRY(const std::vector<Resident> residents, ResidentsOf(db, id));
  for (const Resident& resident : residents) {
    const std::uint64_t position = resident.place.position;
    if (position > scan.end) scan.gaps.emplace_back(scan.end, position);
    scan.end = position + resident.stored;
    scan.live += resident.stored;
  }
  return scan;
}

/// Missing (0) or too short is damage only if something in it is referenced.
std::uint64_t SizeOf(const SegmentPaths& paths, std::uint64_t id) {
  return paths.disk().SizeOf(paths.PathOf(id));
}

Status Damaged(std::uint64_t id, std::uint64_t size, std::uint64_t wanted) {
  return Fail(
      Errc::kCorruption,
      fmt::format("segment {:x} holds live data and is missing or cut short: {} of {} bytes", id,
                  size, wanted));
}

Status TakeOffGaps(const SegmentPaths& paths, std::uint64_t id, const ActiveScan& scan) {
  Disk& disk = paths.disk();
  BG_TRY(const SegmentFilePtr file, paths.Open(id));
  for (const auto& [begin, end] : scan.gaps) {
    const int punched = disk.PunchHole(file->fd(), begin, end - begin);
    if (punched < 0) return std::unexpected(DiskError(punched, "punch hole"));
  }
  const int cut = disk.Truncate(file->fd(), scan.end);
  if (cut < 0) return std::unexpected(DiskError(cut, "truncate of a segment"));
  const int synced = disk.Sync(file->fd());
  if (synced < 0) return std::unexpected(DiskError(synced, "fdatasync of a segment"));
  return {};
}

Result<std::vector<Place>> GarbageOf(CatalogDb& db, std::uint64_t id) {
  std::vector<Place> places;
  auto visit = [&places](std::string_view key, std::string_view) -> Status {
    const auto place = DecodePlaceKey(key);
    if (!place) return Fail(Errc::kCorruption, "catalog: damaged garbage row");
    places.push_back(*place);
    return {};
  };
  BG_CHECK(ForEach(db, db.garbage(), EncodeBigEndian(id), visit));
  return places;
}

/// Seals a segment that was in use at the crash; an empty one goes.
Status SealActive(const RecoveryParts& parts, std::uint64_t id) {
  BG_TRY(const ActiveScan scan, ScanActive(parts.db, id));
  if (scan.live == 0) {
    auto drop = [id](CommitGroup& group) { group.DropSegment(id); };
    BG_CHECK(parts.committer.Run(std::move(drop)));
    return parts.paths.Remove(id);
  }
  const std::uint64_t size = SizeOf(parts.paths, id);
  if (size < scan.end) return Damaged(id, size, scan.end);
  BG_CHECK(TakeOffGaps(parts.paths, id, scan));
  // What waited to be taken off lay in the gaps or behind the end. Its rows go with the sealing:
  // new extents may come to lie behind the end, and must not be taken for it.
  BG_TRY(const std::vector<Place> garbage, GarbageOf(parts.db, id));
  const SegmentRow row{SegmentRow::State::kSealed, scan.live, scan.end};
  auto seal = [id, row, &garbage](CommitGroup& group) {
    group.Segment(id) = row;
    for (const Place& place : garbage) group.DropGarbageRow(place);
  };
  BG_CHECK(parts.committer.Run(std::move(seal)));
  parts.segments.Restore(id, row);
  return {};
}

Status RestoreSealed(const RecoveryParts& parts, std::uint64_t id, const SegmentRow& row) {
  const std::uint64_t size = SizeOf(parts.paths, id);
  if (row.live > 0 && size < row.end) return Damaged(id, size, row.end);
  parts.segments.Restore(id, row);
  return {};
}

/// Extents whose last reference went, and that were not taken off the disk yet.
Status QueueGarbage(const RecoveryParts& parts, const SegmentTable& table) {
  std::vector<Garbage> garbage;
  std::vector<Place> gone;
  auto visit = [&](std::string_view key, std::string_view value) -> Status {
    const auto place = DecodePlaceKey(key);
    const auto stored = DecodeLength(value);
    if (!place || !stored) return Fail(Errc::kCorruption, "catalog: damaged garbage row");
    if (table.contains(place->segment) && parts.segments.RowOf(place->segment)) {
      garbage.push_back({*place, *stored, true});
    } else {
      gone.push_back(*place);
    }
    return {};
  };
  BG_CHECK(ForEach(parts.db, parts.db.garbage(), {}, visit));
  for (const Garbage& entry : garbage) parts.segments.AddPending(entry.place.segment);
  parts.garbage.Push(std::move(garbage));
  if (gone.empty()) return {};
  auto drop = [&gone](CommitGroup& group) {
    for (const Place& place : gone) group.DropGarbageRow(place);
  };
  return parts.committer.Run(std::move(drop), /*sync=*/false);
}

}  // namespace

Status Recover(const RecoveryParts& parts) {
  BG_TRY(const SegmentTable table, LoadSegments(parts.db));
  BG_TRY(const std::uint64_t next, LoadNextId(parts.db, table));
  parts.segments.set_next_id(next);
  BG_CHECK(RemoveStrays(parts.paths, table));
  const auto is_active = [&table](std::uint64_t id) {
    const auto row = table.find(id);
    return row == table.end() || row->second.state == SegmentRow::State::kActive;
  };
  BG_CHECK(RedoLogged(parts.db, parts.paths, is_active, parts.ballast));
  for (const auto& [id, row] : table) {
    if (row.state == SegmentRow::State::kActive) {
      BG_CHECK(SealActive(parts, id));
    } else {
      BG_CHECK(RestoreSealed(parts, id, row));
    }
  }
  // Not before every segment is known to be there: a store that does not open keeps them.
  BG_CHECK(DropLoggedRows(parts.db, parts.committer));
  return QueueGarbage(parts, table);
}

}  // namespace blobgate::engine
