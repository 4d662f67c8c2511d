// RocksDB, opened the way the catalog needs it. The only header that shows RocksDB's types.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/local/local_engine.h"

namespace blobgate::engine {

/// Owns the database. Reading is thread-safe; only the committer (and recovery before it) writes.
class CatalogDb {
 public:
  /// Whether a Get that was not to block (kBlockCacheTier) did not get to the value. Of a table
  /// that is not open RocksDB says OK and gives none; no value of ours is empty.
  static bool WouldBlock(const rocksdb::Status& status, const rocksdb::Slice& value) {
    return status.IsIncomplete() || (status.ok() && value.empty());
  }

  /// RocksDB counts every comparison of two keys, in each thread, unless it is told not to in this
  /// one. Cheap after the first time.
  static void CountNothing() {
    thread_local const bool told = [] {
      rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
      return true;
    }();
    (void)told;
  }

  /// Creates the database when it is not there. `directory` is the catalog's own.
  static Result<std::unique_ptr<CatalogDb>> Open(const LocalOptions& options,
                                                 const std::string& directory);
  /// Opens what is there for reading only: nothing is changed, the log is replayed into memory.
  static Result<std::unique_ptr<CatalogDb>> OpenReadOnly(const LocalOptions& options,
                                                         const std::string& directory);
  ~CatalogDb();
  CatalogDb(const CatalogDb&) = delete;
  CatalogDb& operator=(const CatalogDb&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* meta() const { return handles_[0]; }
  rocksdb::ColumnFamilyHandle* rows() const { return handles_[1]; }
  rocksdb::ColumnFamilyHandle* extents() const { return handles_[2]; }
  rocksdb::ColumnFamilyHandle* garbage() const { return handles_[3]; }

  /// After a write that failed for want of space: makes the database take writes again, with a new
  /// log. Busy, NoSpace: try later. An IOError of RocksDB's when it cannot be had without opening
  /// the database anew.
  rocksdb::Status Resume();

  /// Sees to it that every family has a memtable to write out, so that Resume can do without a
  /// restart and leaves no torn log behind: an entry that is in no log and that readers do not see.
  /// Before a write, never between one and the CommitMark.
  void KeepResumable();

  /// Bytes of the disk that Resume may need at most: every memtable is written out.
  std::uint64_t RoomToResume();

  /// Writes memtables out, so that the next start has no log to replay. Best effort.
  void Flush();

  /// Bytes that opening the catalog in `directory`, or going on after its log met a full disk, may
  /// take: the log turned into tables, and new small files.
  static std::uint64_t SpaceToOpen(const std::string& directory);

  /// True once after RocksDB found no space for its own work in the background. It does no more of
  /// that until Resume.
  bool TakeHindered() { return hindered_->exchange(false, std::memory_order_relaxed); }

 private:
  CatalogDb() = default;
  bool HasEntries(rocksdb::ColumnFamilyHandle* family) const;

  std::shared_ptr<std::atomic<bool>> hindered_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  ///< owned; destroyed before db_
};

/// OK, kNotFound, kCorruption, kNoSpace or kIoError, with RocksDB's text as detail.
Status FromRocks(const rocksdb::Status& status);

}  // namespace blobgate::engine
