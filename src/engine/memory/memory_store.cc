#include "engine/memory/memory_store.h"

#include <algorithm>
#include <utility>

#include "base/crc64.h"
#include "engine/contract/check.h"

namespace blobgate::engine {

PartitionRef MemoryStore::Locate(std::string_view name_space) {
  const std::lock_guard lock(mutex_);
  auto found = partition_ids_.find(name_space);
  if (found == partition_ids_.end()) {
    found = partition_ids_.emplace(std::string(name_space), partition_ids_.size() + 1).first;
    partitions_[found->second];
  }
  return {found->second, 1};
}

std::vector<PartitionRef> MemoryStore::PartitionsOf(std::string_view name_space) const {
  const std::lock_guard lock(mutex_);
  const auto found = partition_ids_.find(name_space);
  if (found == partition_ids_.end()) return {};
  return {{found->second, 1}};
}

std::optional<Row> MemoryStore::Get(PartitionRef partition, std::string_view key) const {
  const std::lock_guard lock(mutex_);
  const auto rows = partitions_.find(partition.id);
  if (rows == partitions_.end()) return std::nullopt;
  const auto row = rows->second.find(key);
  if (row == rows->second.end()) return std::nullopt;
  return row->second;
}

Status MemoryStore::Scan(PartitionRef partition, std::string_view from, std::string_view end,
                         const ScanVisitor& visitor) const {
  const std::lock_guard lock(mutex_);
  const auto rows = partitions_.find(partition.id);
  if (rows == partitions_.end()) return {};
  auto row = rows->second.lower_bound(from);
  while (row != rows->second.end() && (end.empty() || row->first < end)) {
    const ScanStep step = visitor(row->first, row->second.value, row->second.version);
    if (step.kind == ScanStep::Kind::kStop) break;
    const bool seek = step.kind == ScanStep::Kind::kSeek && step.seek_to > row->first;
    row = seek ? rows->second.lower_bound(step.seek_to) : std::next(row);
  }
  return {};
}

Status MemoryStore::CheckPreconditions(const Rows& rows, const Batch& batch) const {
  for (const Precondition& wanted : batch.preconditions) {
    const auto row = rows.find(wanted.key);
    const bool present = row != rows.end();
    const bool holds = wanted.kind == Precondition::Kind::kAbsent ? !present
                       : wanted.kind == Precondition::Kind::kPresent
                           ? present
                           : present && row->second.version == wanted.version;
    if (!holds) return Fail(Errc::kConflict);
  }
  return {};
}

const MemoryStore::Extent* MemoryStore::Find(const ExtentRef& ref) const {
  const auto found = extents_.find(ref.position);
  return found != extents_.end() && found->second.ref == ref ? &found->second : nullptr;
}

Result<std::unordered_map<std::uint64_t, std::uint64_t>> MemoryStore::NewCounts(
    const std::vector<PartitionBatch>& parts) const {
  std::unordered_map<std::uint64_t, std::uint64_t> counts;
  for (const auto& [partition, batch] : parts) {
    for (const ExtentRef& ref : batch.acquires) {
      const Extent* extent = Find(ref);
      if (extent == nullptr || (extent->references == 0 && !extent->fresh)) {
        return Fail(Errc::kExtentGone);
      }
      ++counts.try_emplace(ref.position, extent->references).first->second;
    }
  }
  for (const auto& [partition, batch] : parts) {
    for (const ExtentRef& ref : batch.releases) {
      const Extent* extent = Find(ref);
      if (extent == nullptr) return Fail(Errc::kInternal, "release of an unknown extent");
      std::uint64_t& count = counts.try_emplace(ref.position, extent->references).first->second;
      if (count == 0) return Fail(Errc::kInternal, "release without a reference");
      --count;
    }
  }
  return counts;
}

void MemoryStore::ApplyCounts(const std::unordered_map<std::uint64_t, std::uint64_t>& counts) {
  std::vector<std::uint64_t> gone;
  for (const auto& [position, count] : counts) {
    Extent& extent = extents_.at(position);
    extent.references = count;
    extent.fresh = false;
    if (count == 0) gone.push_back(position);
  }
  Bury(std::move(gone));
}

Status MemoryStore::Commit(std::vector<PartitionBatch> parts) {
  BG_CHECK(CheckParts(parts));
  const std::lock_guard lock(mutex_);
  Reap();
  for (const auto& [partition, batch] : parts) {
    if (!partitions_.contains(partition.id) || partition.generation != 1) {
      return Fail(Errc::kPartitionMoved);
    }
  }
  for (const auto& [partition, batch] : parts) {
    BG_CHECK(CheckPreconditions(partitions_.at(partition.id), batch));
  }
  BG_TRY(const auto counts, NewCounts(parts));
  ApplyCounts(counts);
  for (auto& [partition, batch] : parts) {
    Rows& rows = partitions_.at(partition.id);
    for (const std::string& key : batch.deletes) rows.erase(key);
    for (RowPut& put : batch.puts) {
      rows.insert_or_assign(std::move(put.key), Row{std::move(put.value), ++last_version_});
    }
  }
  ++commits_;
  return {};
}

ExtentRef MemoryStore::Add(std::string content) {
  const std::lock_guard lock(mutex_);
  Reap();
  const ExtentRef ref{1, next_position_++, content.size(), Crc64(AsBytes(content))};
  extents_[ref.position] = {ref, std::make_shared<const std::string>(std::move(content)), 0, true};
  return ref;
}

void MemoryStore::Discard(const ExtentRef& ref) {
  const std::lock_guard lock(mutex_);
  const Extent* extent = Find(ref);
  if (extent != nullptr && extent->fresh) extents_.erase(ref.position);
}

ReadGuard MemoryStore::BeginRead() const {
  const std::lock_guard lock(mutex_);
  return guards_;
}

void MemoryStore::Bury(std::vector<std::uint64_t> positions) {
  if (positions.empty()) return;
  dead_.push_back({guards_, std::move(positions)});
  guards_ = std::make_shared<const int>(0);
  Reap();
}

// Oldest first: an extent also waits for the guards that older ones wait for.
void MemoryStore::Reap() {
  while (!dead_.empty() && dead_.front().guards.expired()) {
    for (const std::uint64_t position : dead_.front().positions) extents_.erase(position);
    dead_.pop_front();
  }
}

Result<SharedBytes> MemoryStore::Read(const ExtentRef& ref, std::uint64_t offset,
                                      std::uint64_t length) const {
  BG_CHECK(CheckRange(ref, offset, length));
  const std::lock_guard lock(mutex_);
  const Extent* extent = Find(ref);
  if (extent == nullptr) return Fail(Errc::kCorruption, "no such extent");
  const SharedBytes whole(extent->content, AsBytes(*extent->content));
  return whole.Sub(offset, std::min(length, ExtentStore::kMaxRead));
}

EngineStats MemoryStore::Stats() const {
  const std::lock_guard lock(mutex_);
  EngineStats stats;
  for (const auto& [position, extent] : extents_) {
    stats.segment_bytes += extent.ref.length;
    if (extent.references > 0) stats.live_bytes += extent.ref.length;
  }
  stats.segments = 1;
  stats.commits = commits_;
  stats.commit_groups = commits_;
  return stats;
}

}  // namespace blobgate::engine
