#include "engine/local/snapshot.h"

#include <rocksdb/utilities/checkpoint.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "engine/local/catalog_iteration.h"
#include "engine/local/commit_mark.h"
#include "engine/local/file_copy.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

/// Keeps a sealed segment as it is: not appended to, not unlinked.
class SealedHold {
 public:
  SealedHold(Segments& segments, std::uint64_t id)
      : segments_(segments), id_(id), held_(segments.TakeSealed(id)) {}
  ~SealedHold() {
    if (held_) segments_.GiveBack(id_);
  }
  SealedHold(const SealedHold&) = delete;
  SealedHold& operator=(const SealedHold&) = delete;
  bool held() const { return held_; }

 private:
  Segments& segments_;
  const std::uint64_t id_;
  const bool held_;
};

class Snapshot {
 public:
  Snapshot(const SnapshotParts& parts, std::string target, const std::stop_token& stop)
      : parts_(parts), target_(std::move(target)), stop_(stop), disk_(parts.paths.disk()) {}

  Result<SnapshotReport> Make() {
    BG_CHECK(CheckTarget());
    Status made = Fill();
    if (!made) {
      RemoveParts();
      return std::unexpected(std::move(made).error());
    }
    return report_;
  }

 private:
  std::string SegmentsDirectory() const { return target_ + "/segments"; }
  std::string CatalogDirectory() const { return target_ + "/catalog"; }

  Status CheckTarget() {
    std::error_code ec;
    const fs::path store = fs::path(parts_.paths.directory()).parent_path();
    const fs::path inside =
        fs::weakly_canonical(target_, ec).lexically_relative(fs::weakly_canonical(store, ec));
    if (!inside.empty() && *inside.begin() != "..") {
      return Fail(Errc::kInvalidArgument, target_ + " lies in the store itself");
    }
    if (!fs::create_directory(target_, ec) && (ec || !fs::is_empty(target_, ec))) {
      return Fail(Errc::kInvalidArgument,
                  target_ + (ec ? ": " + ec.message() : " is there and not empty"));
    }
    return {};
  }

  Status Fill() {
    const ReadGuard guard = parts_.garbage.BeginRead();
    (void)parts_.logged.Settle();  // so that little is left in the log
    BG_CHECK(CheckpointCatalog());
    std::error_code ec;
    if (!fs::create_directory(SegmentsDirectory(), ec)) {
      return Fail(Errc::kIoError, SegmentsDirectory() + ": " + ec.message());
    }
    LocalOptions options;
    BG_TRY(const auto db, CatalogDb::OpenReadOnly(options, CatalogDirectory()));
    auto each = [this](std::string_view key, std::string_view value) -> Status {
      const auto row = SegmentRow::Decode(value);
      if (!row) return Fail(Errc::kCorruption, "catalog: damaged segment row");
      return AddSegment(DecodeBigEndian(key.substr(kSegmentPrefix.size())), *row);
    };
    BG_CHECK(ForEach(*db, db->meta(), kSegmentPrefix, each));
    CommitMark mark(disk_, target_);
    mark.Store(db->db().GetLatestSequenceNumber());
    mark.Sync();
    const int synced = disk_.SyncDirectory(SegmentsDirectory());
    if (synced < 0) return std::unexpected(DiskError(synced, SegmentsDirectory()));
    BG_TRY(const std::uint64_t version, VersionOf(*db));
    return DataDir::MarkAsStore(target_, version);
  }

  /// 3 if content is in the log alone; 2 if an extent moved, or a segment was left by one.
  static Result<std::uint64_t> VersionOf(CatalogDb& db) {
    std::uint64_t version = DataDir::kFirstVersion;
    auto moved = [&version](std::string_view, std::string_view) -> Status {
      version = 2;
      return {};
    };
    BG_CHECK(ForEach(db, db.meta(), kMovedPrefix, moved));
    auto segment = [&version](std::string_view, std::string_view value) -> Status {
      const auto row = SegmentRow::Decode(value);
      if (row && row->state == SegmentRow::State::kEmptying) version = 2;
      return {};
    };
    BG_CHECK(ForEach(db, db.meta(), kSegmentPrefix, segment));
    auto logged = [&version](std::string_view, std::string_view) -> Status {
      version = 3;
      return {};
    };
    BG_CHECK(ForEach(db, db.meta(), kLoggedPrefix, logged));
    return version;
  }

  Status CheckpointCatalog() {
    rocksdb::Checkpoint* made = nullptr;
    BG_CHECK(FromRocks(rocksdb::Checkpoint::Create(&parts_.db.db(), &made)));
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    return FromRocks(checkpoint->CreateCheckpoint(CatalogDirectory()));
  }

  Status AddSegment(std::uint64_t id, const SegmentRow& row) {
    if (stop_.stop_requested()) return Fail(Errc::kCancelled);
    // What is active in the snapshot is cut when it is opened, even if it is sealed here by now.
    const bool may_share = row.state != SegmentRow::State::kActive;
    const SealedHold hold(parts_.segments, id);
    const std::string from = parts_.paths.PathOf(id);
    const std::string to = SegmentPaths(disk_, SegmentsDirectory()).PathOf(id);
    const auto way = CopyFile(from, to, may_share && hold.held(), stop_);
    if (!way && way.error().code == Errc::kNotFound) {
      // It became empty and was deleted; the snapshot has nothing in it either.
      if (row.live == 0) return {};
      return Fail(Errc::kCorruption, from + " is missing");
    }
    if (!way) return std::unexpected(way.error());
    Count(*way, to);
    return {};
  }

  void Count(CopyWay way, const std::string& file) {
    ++report_.segments;
    if (way == CopyWay::kLinked) ++report_.linked;
    if (way == CopyWay::kCloned) ++report_.cloned;
    std::error_code ec;
    if (way == CopyWay::kCopied) report_.copied_bytes += fs::file_size(file, ec);
  }

  /// What a snapshot that failed made in its directory.
  void RemoveParts() const {
    std::error_code ec;
    for (const std::string& part : {CatalogDirectory(), CatalogDirectory() + ".tmp",
                                    SegmentsDirectory(), target_ + "/ACKNOWLEDGED"}) {
      fs::remove_all(part, ec);
    }
    fs::remove(target_, ec);
  }

  const SnapshotParts& parts_;
  const std::string target_;
  const std::stop_token& stop_;
  Disk& disk_;
  SnapshotReport report_;
};

}  // namespace

Result<SnapshotReport> MakeSnapshot(const SnapshotParts& parts, const std::string& target,
                                    const std::stop_token& stop) {
  return Snapshot(parts, target, stop).Make();
}

}  // namespace blobgate::engine
