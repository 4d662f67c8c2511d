// The state of the memory engine: both halves of the contract over one mutex.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "blobgate/engine/catalog.h"
#include "blobgate/engine/engine.h"

namespace blobgate::engine {

/// Thread-safe. Everything is done under one lock; nothing blocks.
class MemoryStore {
 public:
  PartitionRef Locate(std::string_view name_space);
  std::vector<PartitionRef> PartitionsOf(std::string_view name_space) const;
  std::optional<Row> Get(PartitionRef partition, std::string_view key) const;
  Status Scan(PartitionRef partition, std::string_view from, std::string_view end,
              const ScanVisitor& visitor) const;
  Status Commit(std::vector<PartitionBatch> parts);

  /// Names finished content; it has no reference yet.
  ExtentRef Add(std::string content);
  void Discard(const ExtentRef& ref);
  ReadGuard BeginRead() const;
  Result<SharedBytes> Read(const ExtentRef& ref, std::uint64_t offset, std::uint64_t length) const;
  EngineStats Stats() const;

 private:
  using Rows = std::map<std::string, Row, std::less<>>;
  struct Extent {
    ExtentRef ref;
    std::shared_ptr<const std::string> content;
    std::uint64_t references = 0;
    bool fresh = true;  ///< never acquired
  };
  // Extents whose last reference is gone wait for the guards taken before that.
  struct Dead {
    std::weak_ptr<const int> guards;
    std::vector<std::uint64_t> positions;
  };

  Status CheckPreconditions(const Rows& rows, const Batch& batch) const;
  Result<std::unordered_map<std::uint64_t, std::uint64_t>> NewCounts(
      const std::vector<PartitionBatch>& parts) const;
  void ApplyCounts(const std::unordered_map<std::uint64_t, std::uint64_t>& counts);
  const Extent* Find(const ExtentRef& ref) const;
  void Bury(std::vector<std::uint64_t> positions);
  void Reap();

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t, std::less<>> partition_ids_;
  std::unordered_map<std::uint64_t, Rows> partitions_;
  RowVersion last_version_ = 0;
  std::unordered_map<std::uint64_t, Extent> extents_;  ///< by position
  std::uint64_t next_position_ = 1;
  std::shared_ptr<const int> guards_ = std::make_shared<const int>(0);
  std::deque<Dead> dead_;
  std::uint64_t commits_ = 0;
};

}  // namespace blobgate::engine
