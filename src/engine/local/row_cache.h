// Rows of the catalog that are read often, so that reading them does not search RocksDB.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "blobgate/engine/catalog.h"
#include "engine/local/clock_cache.h"
#include "engine/local/doorkeeper.h"

namespace blobgate::engine {

/// Never has another row than the database does: who changes rows says so before (Change), and what
/// was read while a change went on, or before it, is not taken. What was never asked for before is
/// not taken either (Doorkeeper). Rows that are not there are not cached. Keys are those of RowKey.
/// Thread-safe, except that there is one Change at a time.
class RowCache {
 private:
  struct alignas(64) Shard {
    std::mutex mutex;
    std::uint64_t changes = 0;  ///< that are over
    std::size_t changing = 0;   ///< rows
  };

 public:
  using RowPtr = std::shared_ptr<const Row>;

  /// Of that many bytes, with what the cache itself needs.
  explicit RowCache(std::size_t bytes) : rows_(bytes, kShards), doorkeeper_(bytes / kUsualRow) {}

  /// Null: not known here.
  RowPtr Find(const std::string& row_key) { return rows_.Get(row_key).value_or(nullptr); }

  /// Whoever reads a row from the database begins this before, and offers what was found.
  class Reading {
   public:
    Reading(RowCache& cache, const std::string& row_key);
    void Offer(const std::string& row_key, const Row& row);

   private:
    RowCache& cache_;
    const std::size_t hash_;
    std::uint64_t changes_;
  };

  /// From before the rows change in the database until they have, or have not.
  class Change {
   public:
    /// `rows`: a map whose keys are the rows' keys.
    template <class Rows>
    Change(RowCache& cache, const Rows& rows) {
      shards_.reserve(rows.size());
      for (const auto& [row_key, ignored] : rows) Begin(cache, row_key);
    }
    ~Change();
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;

   private:
    void Begin(RowCache& cache, const std::string& row_key);

    std::vector<Shard*> shards_;
  };

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kUsualRow = 512;  // bytes
  static constexpr std::uint64_t kChanging = ~std::uint64_t{0};

  static std::size_t HashOf(const std::string& row_key) {
    return std::hash<std::string>()(row_key);
  }
  Shard& ShardOf(std::size_t hash) { return shards_[hash % kShards]; }

  std::array<Shard, kShards> shards_;
  ClockCache<std::string, RowPtr> rows_;
  Doorkeeper doorkeeper_;
};

}  // namespace blobgate::engine
