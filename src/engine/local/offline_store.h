// A store that nobody serves, opened to be looked through or repaired.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "blobgate/engine/catalog.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::engine {

class CatalogDb;
class DataDir;
class Disk;
class SegmentPaths;

/// Holds the lock of the data directory. Unlike an engine it does not recover: what a crash left is
/// seen as it lies. Blocks; one thread.
class OfflineStore {
 public:
  /// Opens for looking. kNotFound: no store there; kUnavailable: a daemon has it open;
  /// kInvalidArgument: a newer format; kCorruption: the catalog cannot be opened.
  static Result<std::unique_ptr<OfflineStore>> Open(const std::string& data_dir,
                                                    Disk* disk = nullptr);
  ~OfflineStore();
  OfflineStore(const OfflineStore&) = delete;
  OfflineStore& operator=(const OfflineStore&) = delete;

  /// Opens the catalog anew, for writing or for looking. What it was used for before must be over.
  Status Reopen(bool writable);

  using NameSpaceVisitor = std::function<Status(std::string_view name_space, std::uint64_t id)>;
  /// All name spaces in order of their names. Ends with the visitor's first error.
  Status ForEachNameSpace(const NameSpaceVisitor& visit) const;

  using RowVisitor = std::function<Status(std::string_view key, std::string_view value)>;
  /// All rows of a partition in order. kCorruption: those behind the last one visited cannot be
  /// read.
  Status ForEachRow(std::uint64_t partition, const RowVisitor& visit) const;

  /// All content of an extent, verified. For small ones.
  Result<std::string> ReadExtent(const ExtentRef& ref) const;

  CatalogDb& db() const { return *db_; }
  const DataDir& dir() const { return *dir_; }
  const SegmentPaths& paths() const { return *paths_; }
  Disk& disk() const { return disk_; }

 private:
  OfflineStore(std::unique_ptr<DataDir> dir, Disk& disk);

  std::unique_ptr<DataDir> dir_;
  Disk& disk_;
  std::unique_ptr<SegmentPaths> paths_;
  std::unique_ptr<CatalogDb> db_;
};

}  // namespace blobgate::engine
