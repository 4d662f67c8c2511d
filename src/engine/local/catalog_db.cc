#include "engine/local/catalog_db.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "engine/local/catalog_env.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/disk.h"
#include "engine/local/hardware_crc32c.h"

namespace blobgate::engine {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
constexpr const char* kFamilies[] = {"default", "rows", "extents", "garbage"};

/// After a full disk it is the committer that resumes, because it knows which batches are in doubt.
/// RocksDB's own poller would do it behind its back, and until then answer Busy.
class NoAutoRecovery final : public rocksdb::EventListener {
 public:
  explicit NoAutoRecovery(std::shared_ptr<std::atomic<bool>> hindered)
      : hindered_(std::move(hindered)) {}

  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* status) override {
    const Status error = FromRocks(*status);
    if (!error && error.error().code == Errc::kNoSpace) hindered_->store(true);
  }
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }

 private:
  const std::shared_ptr<std::atomic<bool>> hindered_;
};

/// Files get blocks ahead while the disk has this much besides the reserve, bytes.
constexpr std::uint64_t kRoomToPreallocate = 64 * kMiB;

std::unique_ptr<rocksdb::Env> EnvOf(const LocalOptions& options) {
  Disk& disk = options.disk != nullptr ? *options.disk : SystemDisk();
  const std::uint64_t least = options.reserve_bytes + kRoomToPreallocate;
  auto has_room = [&disk, directory = options.data_dir, least] {
    return disk.FreeBytes(directory) >= least;
  };
  return MakeCatalogEnv(options.catalog_env, std::move(has_room));
}

rocksdb::DBOptions DbOptions(rocksdb::Env& env, std::shared_ptr<std::atomic<bool>> hindered) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  db.env = &env;
  db.info_log = MakeCatalogLogger();
  // Stops at the first damaged record: what was torn by a power cut was never acknowledged. That
  // no whole synced log file is missing or cut short is checked against the manifest.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.track_and_verify_wals_in_manifest = true;
  // A log that ends in a torn record is given up for tables of every family in one step; a crash
  // in the middle would leave one family ahead of what can be read of the log.
  db.atomic_flush = true;
  db.max_bgerror_resume_count = 0;
  db.listeners.push_back(std::make_shared<NoAutoRecovery>(std::move(hindered)));
  db.max_total_wal_size = 32 * kMiB;  // bounds the replay after a crash
  db.db_write_buffer_size = 32 * kMiB;
  db.max_open_files = 512;
  db.max_file_opening_threads = 2;
  db.max_background_jobs = 2;
  db.max_subcompactions = 1;
  db.bytes_per_sync = kMiB;
  db.manifest_preallocation_size = 256 * 1024;
  db.max_manifest_file_size = 16 * kMiB;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

rocksdb::CompressionType Compression() {
  const auto supported = rocksdb::GetSupportedCompressions();
  const auto lz4 = rocksdb::CompressionType::kLZ4Compression;
  const bool found = std::find(supported.begin(), supported.end(), lz4) != supported.end();
  return found ? lz4 : rocksdb::CompressionType::kNoCompression;
}

rocksdb::ColumnFamilyOptions FamilyOptions(std::shared_ptr<rocksdb::Cache> cache,
                                           std::uint64_t write_buffer) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  table.block_size = 8 * 1024;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = write_buffer;
  family.max_write_buffer_number = 2;
  family.target_file_size_base = 32 * kMiB;
  family.level_compaction_dynamic_level_bytes = true;
  family.compression = Compression();
  // New places come in order, segment by segment: what goes in is found to belong behind the last
  // one of its prefix without a search.
  constexpr std::size_t kPrefix = 8;  // the segment, or the partition of rows
  family.memtable_insert_with_hint_prefix_extractor.reset(
      rocksdb::NewFixedPrefixTransform(kPrefix));
  // New rows are looked for before they are put: that they are not there needs no search either.
  family.memtable_whole_key_filtering = true;
  family.memtable_prefix_bloom_size_ratio = 0.01;
  return family;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families(const LocalOptions& options) {
  const std::uint64_t bytes = options.catalog_cache_bytes - options.row_cache_bytes();
  auto cache = rocksdb::NewLRUCache(bytes, 4, false, 0.5);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string name : kFamilies) {
    // The default one has the content of short extents for a while.
    const bool large = name == "rows" || name == rocksdb::kDefaultColumnFamilyName;
    const std::uint64_t buffer = large ? 16 * kMiB : 4 * kMiB;
    families.emplace_back(name, FamilyOptions(cache, buffer));
  }
  return families;
}

}  // namespace

Result<std::unique_ptr<CatalogDb>> CatalogDb::Open(const LocalOptions& options,
                                                   const std::string& directory) {
  if (HardwareCrc32c() == nullptr) {
    spdlog::info("this processor has no CRC-32C instruction: the catalog's log costs more");
  }
  std::unique_ptr<CatalogDb> catalog(new CatalogDb);
  catalog->env_ = EnvOf(options);
  rocksdb::DB* db = nullptr;
  const auto opened = rocksdb::DB::Open(DbOptions(*catalog->env_, catalog->hindered_), directory,
                                        Families(options), &catalog->handles_, &db);
  BG_CHECK(FromRocks(opened));
  catalog->db_.reset(db);
  catalog->KeepResumable();
  return catalog;
}

Result<std::unique_ptr<CatalogDb>> CatalogDb::OpenReadOnly(const LocalOptions& options,
                                                           const std::string& directory) {
  std::unique_ptr<CatalogDb> catalog(new CatalogDb);
  catalog->env_ = EnvOf(options);
  rocksdb::DB* db = nullptr;
  const auto opened =
      rocksdb::DB::OpenForReadOnly(DbOptions(*catalog->env_, catalog->hindered_), directory,
                                   Families(options), &catalog->handles_, &db);
  BG_CHECK(FromRocks(opened));
  catalog->db_.reset(db);
  return catalog;
}

CatalogDb::~CatalogDb() {
  if (!db_) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  (void)db_->Close();
}

bool CatalogDb::HasEntries(rocksdb::ColumnFamilyHandle* family) const {
  std::uint64_t entries = 0;
  return !db_->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable,
                              &entries) ||
         entries > 0;
}

// RocksDB 7.8 begins a new log only when it has a memtable to write out. Without one it would go on
// behind the torn record in the old log, and the next start would stop reading there.
rocksdb::Status CatalogDb::Resume() {
  const auto has_entries = [this](auto* family) { return HasEntries(family); };
  if (std::ranges::none_of(handles_, has_entries)) {
    return rocksdb::Status::IOError("the log must be replaced by a restart");
  }
  rocksdb::Status resumed = db_->Resume();
  if (resumed.ok()) KeepResumable();
  return resumed;
}

// In every family: RocksDB 7.8 tells a family without entries of the new log when that is begun,
// but not if the manifest finds no room just then. The torn log would stay for it, and starts would
// stop there, with the other families ahead. What is deleted was never there, so nobody sees it.
void CatalogDb::KeepResumable() {
  rocksdb::WriteOptions without_log;
  without_log.disableWAL = true;
  for (rocksdb::ColumnFamilyHandle* family : handles_) {
    if (!HasEntries(family)) (void)db_->Delete(without_log, family, kResumeKey);
  }
}

std::uint64_t CatalogDb::RoomToResume() {
  constexpr std::uint64_t kLogAndManifest = 4 * kMiB;
  std::uint64_t memtables = 0;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) {
    std::uint64_t size = 0;
    if (db_->GetIntProperty(handle, rocksdb::DB::Properties::kSizeAllMemTables, &size)) {
      memtables += size;
    }
  }
  return memtables + kLogAndManifest;
}

void CatalogDb::Flush() {
  rocksdb::FlushOptions options;
  options.allow_write_stall = true;
  (void)db_->Flush(options, handles_);
}

// A log record becomes about as much of a table. The rest is for the manifest, the options, a new
// log, and what those that write in between take.
std::uint64_t CatalogDb::SpaceToOpen(const std::string& directory) {
  std::uint64_t logs = 0;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(directory, ec)) {
    if (entry.path().extension() == ".log") logs += entry.file_size(ec);
  }
  return logs + logs / 4 + 6 * kMiB;
}

Status FromRocks(const rocksdb::Status& status) {
  if (status.ok()) return {};
  const std::string text = "catalog: " + status.ToString();
  if (status.IsNotFound()) return Fail(Errc::kNotFound, text);
  if (status.IsCorruption()) return Fail(Errc::kCorruption, text);
  const bool full = status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kNoSpace ||
                    status.subcode() == rocksdb::Status::SubCode::kSpaceLimit;
  return Fail(full ? Errc::kNoSpace : Errc::kIoError, text);
}

}  // namespace blobgate::engine
