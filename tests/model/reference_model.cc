#include "model/reference_model.h"

#include <spdlog/fmt/fmt.h>
#include <algorithm>
#include <utility>

namespace blobgate::engine::model {

PartitionIndex ReferenceModel::AddPartition() {
  rows_.emplace_back();
  versions_.emplace_back();
  return rows_.size() - 1;
}

const ReferenceModel::ModelRow* ReferenceModel::Find(PartitionIndex partition,
                                                     std::string_view key) const {
  const auto found = rows_[partition].find(key);
  return found == rows_[partition].end() ? nullptr : &found->second;
}

std::vector<RowVersion> ReferenceModel::VersionsOf(PartitionIndex partition,
                                                   std::string_view key) const {
  const auto found = versions_[partition].find(key);
  return found == versions_[partition].end() ? std::vector<RowVersion>() : found->second;
}

std::optional<std::string> ReferenceModel::AddFresh(const SeededExtent& extent) {
  const Place place{extent.ref.space, extent.ref.position};
  const auto next = places_.lower_bound(place);
  const auto overlap = [&](const Extent& other) {
    return fmt::format("extent {} lies over {}", DescribeRef(extent.ref), DescribeRef(other.ref));
  };
  if (next != places_.end() && next->first == place) return overlap(extents_[next->second]);
  if (places_are_bytes_) {
    const std::uint64_t end = place.position + stored_length_(extent.ref.length);
    if (next != places_.end() && next->first.segment == place.segment &&
        next->first.position < end) {
      return overlap(extents_[next->second]);
    }
    if (next != places_.begin()) {
      const Extent& before = extents_[std::prev(next)->second];
      const bool same = before.ref.space == place.segment;
      if (same && before.ref.position + stored_length_(before.ref.length) > place.position) {
        return overlap(before);
      }
    }
  }
  places_[place] = extents_.size();
  extents_.push_back({.ref = extent.ref, .seed = extent.seed});
  return std::nullopt;
}

void ReferenceModel::Discard(const ExtentRef& ref) {
  const auto index = IndexOf(ref);
  if (index && extents_[*index].fresh) extents_[*index].fresh = false;
}

void ReferenceModel::EndRun() {
  std::erase_if(extents_, [](const Extent& extent) { return extent.references == 0; });
  places_.clear();
  for (ExtentIndex index = 0; index < extents_.size(); ++index) {
    places_[{extents_[index].ref.space, extents_[index].ref.position}] = index;
  }
  Settle();
}

std::optional<ReferenceModel::ExtentIndex> ReferenceModel::IndexOf(const ExtentRef& ref) const {
  const auto found = places_.find({ref.space, ref.position});
  if (found == places_.end() || extents_[found->second].ref != ref) return std::nullopt;
  return found->second;
}

const ReferenceModel::Extent* ReferenceModel::FindExtent(const ExtentRef& ref) const {
  const auto index = IndexOf(ref);
  return index ? &extents_[*index] : nullptr;
}

bool ReferenceModel::Apply(const Event& event) {
  undo_.emplace_back();
  undo_.back().live_bytes = live_bytes_;
  undo_.back().now = now_;
  bool right = false;
  switch (event.kind) {
    case Event::Kind::kGet:
      right = ApplyGet(event);
      break;
    case Event::Kind::kScan:
      right = ApplyScan(event);
      break;
    case Event::Kind::kCommit:
      right = ApplyCommit(event);
      break;
    case Event::Kind::kLiveBytes:
      right = live_bytes_ == event.bytes;
      break;
  }
  if (!right) TakeBack();
  return right;
}

void ReferenceModel::TakeBack() {
  Undo undo = std::move(undo_.back());
  undo_.pop_back();
  for (auto old = undo.rows.rbegin(); old != undo.rows.rend(); ++old) {
    if (old->row) {
      rows_[old->partition].insert_or_assign(std::move(old->key), std::move(*old->row));
    } else {
      rows_[old->partition].erase(old->key);
    }
  }
  for (auto old = undo.extents.rbegin(); old != undo.extents.rend(); ++old) {
    extents_[old->first] = old->second;
  }
  for (const auto& [partition, key] : undo.versions) versions_[partition][key].pop_back();
  live_bytes_ = undo.live_bytes;
  now_ = undo.now;
}

bool ReferenceModel::ApplyGet(const Event& event) {
  if (event.rows.empty()) return Find(event.partition, event.key) == nullptr;
  return See(event.partition, event.rows.front());
}

// A version that nobody saw yet becomes known; it must be a new one.
bool ReferenceModel::See(PartitionIndex partition, const SeenRow& seen) {
  const auto found = rows_[partition].find(seen.key);
  if (found == rows_[partition].end() || found->second.value != seen.row.value) return false;
  if (found->second.version != 0) return found->second.version == seen.row.version;
  std::vector<RowVersion>& had = versions_[partition][seen.key];
  if (seen.row.version == 0 || (std::ranges::find(had, seen.row.version) != had.end()))
    return false;
  Save(partition, seen.key);
  found->second.version = seen.row.version;
  had.push_back(seen.row.version);
  undo_.back().versions.emplace_back(partition, seen.key);
  return true;
}

bool ReferenceModel::ApplyScan(const Event& event) {
  const Rows& rows = rows_[event.partition];
  const ScanPlan& plan = event.plan;
  std::size_t visited = 0;
  auto row = rows.lower_bound(plan.from);
  while (row != rows.end() && (plan.end.empty() || row->first < plan.end)) {
    if (visited == event.rows.size()) return false;
    const SeenRow& seen = event.rows[visited++];
    if (seen.key != row->first || !See(event.partition, seen)) return false;
    const ScanStep step = plan.Step(visited, seen.key);
    if (step.kind == ScanStep::Kind::kStop) break;
    row = step.kind == ScanStep::Kind::kSeek ? rows.lower_bound(step.seek_to) : std::next(row);
  }
  return visited == event.rows.size();
}

std::optional<Errc> ReferenceModel::Check(const Event& event) const {
  bool all = true;
  event.EachPart([&](PartitionIndex partition, const Batch& batch) {
    for (const Precondition& wanted : batch.preconditions) {
      const ModelRow* row = Find(partition, wanted.key);
      const bool holds = wanted.kind == Precondition::Kind::kAbsent ? row == nullptr
                         : wanted.kind == Precondition::Kind::kPresent
                             ? row != nullptr
                             : row != nullptr && row->version == wanted.version;
      all = all && holds;
    }
  });
  return all ? std::nullopt : std::optional(Errc::kConflict);
}

std::optional<Errc> ReferenceModel::Count(
    const Event& event, std::unordered_map<ExtentIndex, std::uint64_t>& counts) const {
  std::vector<ExtentRef> acquires, releases;
  event.EachPart([&](PartitionIndex, const Batch& batch) {
    acquires.insert(acquires.end(), batch.acquires.begin(), batch.acquires.end());
    releases.insert(releases.end(), batch.releases.begin(), batch.releases.end());
  });
  for (const ExtentRef& ref : acquires) {
    const auto index = IndexOf(ref);
    if (!index || extents_[*index].gone()) return Errc::kExtentGone;
    ++counts.try_emplace(*index, extents_[*index].references).first->second;
  }
  for (const ExtentRef& ref : releases) {
    const auto index = IndexOf(ref);
    if (!index) return Errc::kInternal;
    std::uint64_t& count = counts.try_emplace(*index, extents_[*index].references).first->second;
    if (count == 0) return Errc::kInternal;
    --count;
  }
  return std::nullopt;
}

bool ReferenceModel::ApplyCommit(const Event& event) {
  std::unordered_map<ExtentIndex, std::uint64_t> counts;
  std::optional<Errc> error = Check(event);
  if (!error) error = Count(event, counts);
  if (error || (event.error && !event.doubtful)) return error == event.error && !event.doubtful;
  ++now_;
  for (const auto& [index, references] : counts) SetReferences(index, references);
  event.EachPart([this](PartitionIndex partition, const Batch& batch) {
    Rows& rows = rows_[partition];
    for (const std::string& key : batch.deletes) {
      Save(partition, key);
      rows.erase(key);
    }
    for (const RowPut& put : batch.puts) {
      Save(partition, put.key);
      rows.insert_or_assign(put.key, ModelRow{put.value, 0});
    }
  });
  return true;
}

void ReferenceModel::Save(PartitionIndex partition, const std::string& key) {
  const ModelRow* row = Find(partition, key);
  undo_.back().rows.push_back({partition, key, row ? std::optional(*row) : std::nullopt});
}

void ReferenceModel::SetReferences(ExtentIndex index, std::uint64_t references) {
  Extent& extent = extents_[index];
  undo_.back().extents.emplace_back(index, extent);
  const std::uint64_t stored = stored_length_(extent.ref.length);
  if (extent.references > 0) live_bytes_ -= stored;
  if (references > 0) live_bytes_ += stored;
  if (extent.fresh) extent.born = now_;
  if (references == 0) extent.died = now_;
  extent.fresh = false;
  extent.references = references;
}

}  // namespace blobgate::engine::model
