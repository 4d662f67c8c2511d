#include "engine/local/catalog_guard.h"

#include <rocksdb/env.h>
#include <spdlog/fmt/fmt.h>
#include <filesystem>

#include "engine/local/commit_mark.h"
#include "engine/local/disk.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {
namespace {

namespace fs = std::filesystem;

bool HasSegments(const DataDir& dir) {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(dir.segments(), ec)) {
    if (SegmentPaths::IdOf(entry.path().filename().string()) != 0) return true;
  }
  return false;
}

bool HasCatalog(const LocalOptions& options, const DataDir& dir) {
  rocksdb::Env* const env = options.catalog_env ? options.catalog_env : rocksdb::Env::Default();
  return env->FileExists(dir.catalog() + "/CURRENT").ok();
}

}  // namespace

Status CheckCatalogIsWhole(const LocalOptions& options, const DataDir& dir) {
  Disk& disk = options.disk ? *options.disk : SystemDisk();
  const std::uint64_t acknowledged = CommitMark::Read(disk, dir.path());
  if (!HasCatalog(options, dir)) {
    if (acknowledged == 0 && !HasSegments(dir)) return {};
    return Fail(Errc::kCorruption, dir.catalog() + " is missing, though there was a store");
  }
  if (acknowledged == 0) return {};
  BG_TRY(const auto db, CatalogDb::OpenReadOnly(options, dir.catalog()));
  return CheckAcknowledged(*db, disk, dir);
}

Status CheckAcknowledged(const CatalogDb& db, Disk& disk, const DataDir& dir) {
  const std::uint64_t acknowledged = CommitMark::Read(disk, dir.path());
  const std::uint64_t found = db.db().GetLatestSequenceNumber();
  if (found >= acknowledged) return {};
  return Fail(Errc::kCorruption,
              fmt::format("the catalog ends at change {}, but {} was acknowledged: its log is "
                          "damaged or files of it are missing; "
                          "removing {}/ACKNOWLEDGED opens it without them",
                          found, acknowledged, dir.path()));
}

}  // namespace blobgate::engine
