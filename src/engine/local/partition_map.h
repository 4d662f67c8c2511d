// Name spaces and the partitions that hold them: one each in this engine.
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/task.h"
#include "engine/local/catalog_db.h"
#include "engine/local/committer.h"

namespace blobgate::engine {

/// Thread-safe. The references must outlive it.
class PartitionMap {
 public:
  PartitionMap(CatalogDb& db, Committer& committer, boost::asio::thread_pool& pool);

  /// Reads how many there are. Before any other call; blocks.
  Status Load();

  /// The id, if it is in memory.
  std::optional<std::uint64_t> Known(std::string_view name_space) const;
  /// The id; a new, durable one on first use. Asks the database.
  Task<Result<std::uint64_t>> Locate(std::string_view name_space);
  /// nullopt when the name space was never located. Asks the database.
  Task<Result<std::optional<std::uint64_t>>> Find(std::string_view name_space);

 private:
  /// Name spaces remembered; more, and it starts anew.
  static constexpr std::size_t kCached = 16 * 1024;

  std::optional<std::uint64_t> KnownToAll(std::string_view name_space) const;
  Result<std::optional<std::uint64_t>> Lookup(const std::string& name_space);
  Result<std::uint64_t> LookupOrCreate(const std::string& name_space);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };

  CatalogDb& db_;
  Committer& committer_;
  boost::asio::thread_pool& pool_;
  std::mutex creating_;          ///< held while one is made; pool threads only
  std::uint64_t next_ = 1;       ///< guarded by creating_
  const std::uint64_t edition_;  ///< tells this map from others that a thread may remember
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::uint64_t, Hash, std::equal_to<>> cache_;
};

}  // namespace blobgate::engine
