#include "operations/page/page_edits.h"

#include <algorithm>

#include "operations/leftovers.h"
#include "operations/lineage_row.h"
#include "operations/page/chunk_references.h"
#include "operations/page/page_window.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

/// Layers that wait to be merged besides those of snapshots; more clears have to wait.
constexpr std::size_t kMaxWaitingLayers = 500;

std::uint32_t PageOf(std::uint64_t offset) {
  return static_cast<std::uint32_t>(offset % blob::kPageChunk / blob::kPageSize);
}

std::uint32_t ChunkOf(std::uint64_t offset) {
  return static_cast<std::uint32_t>(offset / blob::kPageChunk);
}

/// Puts `slice` at byte `offset` of the blob into the chunks that it reaches.
template <class Chunk>
void PutSlice(blob::Slice slice, std::uint64_t offset, Chunk chunk_of) {
  while (slice.length > 0) {
    const std::uint64_t room = blob::kPageChunk - offset % blob::kPageChunk;
    const std::uint64_t take = std::min(slice.length, room);
    blob::PageRun run;
    run.first = PageOf(offset);
    run.count = static_cast<std::uint32_t>(take / blob::kPageSize);
    run.extent = slice.extent;
    run.offset = slice.offset;
    chunk_of(ChunkOf(offset)).Put(run);
    offset += take;
    slice.offset += take;
    slice.length -= take;
  }
}

}  // namespace

Task<Status> PageEdits::LoadLineage(Services& services, const Target& target) {
  if (lineage_) co_return Status();
  name_ = blob::NameOfKey(target.key);
  lineage_number_ = target.blob->lineage;
  const std::string key = blob::PagePrefix(name_, lineage_number_);
  BG_CO_TRY(lineage_row_, co_await services.catalog().Get(target.partition, key));
  // Gone: so is the blob that `target` is, which the commit will notice.
  blob::PageLineage lineage;
  if (lineage_row_) {
    BG_CO_TRY(lineage, blob::PageLineage::Decode(lineage_row_->value));
  }
  lineage_ = std::move(lineage);
  co_return Status();
}

Task<Result<blob::PageChunk>> PageEdits::Load(Services& services, const Target& target,
                                              std::uint32_t chunk) {
  const Place place{target.blob->layer, chunk};
  if (const auto found = chunks_.find(place); found != chunks_.end()) {
    co_return found->second.after;
  }
  const std::string key = blob::PageChunkKey(name_, lineage_number_, place.first, chunk);
  Edited edited;
  BG_CO_TRY(edited.row, co_await services.catalog().Get(target.partition, key));
  if (edited.row) {
    BG_CO_TRY(edited.before, blob::PageChunk::Decode(edited.row->value));
  }
  edited.after = edited.before;
  blob::PageChunk copy = edited.after;
  chunks_.emplace(place, std::move(edited));
  co_return copy;
}

Task<Result<PageEdits::Plan>> PageEdits::PlanWrite(Services& services, const Target& target,
                                                   std::uint64_t offset,
                                                   const std::vector<blob::Slice>& slices) {
  Plan plan;
  BG_CO_CHECK(co_await LoadLineage(services, target));
  std::uint64_t end = offset;
  for (const blob::Slice& slice : slices) end += slice.length;
  for (std::uint32_t chunk = ChunkOf(offset); chunk < ChunksOf(end); ++chunk) {
    BG_CO_TRY(plan.chunks[chunk], co_await Load(services, target, chunk));
  }
  for (const blob::Slice& slice : slices) {
    PutSlice(slice, offset, [&plan](std::uint32_t chunk) -> auto& { return plan.chunks[chunk]; });
    offset += slice.length;
  }
  for (auto& [number, chunk] : plan.chunks) {
    const auto gathered = co_await GatherChunk(services, chunk);
    if (!gathered) {
      DiscardAll(services, plan.gathered);
      co_return std::unexpected(gathered.error());
    }
    if (*gathered) plan.gathered.push_back(**gathered);
  }
  co_return plan;
}

Task<Result<PageEdits::Plan>> PageEdits::PlanClear(Services& services, const Target& target,
                                                   std::uint64_t offset, std::uint64_t length,
                                                   bool to_end) {
  Plan plan;
  BG_CO_CHECK(co_await LoadLineage(services, target));
  std::uint64_t end = offset + length;
  if (to_end) end = ChunksOf(std::max(end, target.blob->length)) * blob::kPageChunk;
  blob::ChunkRange whole{ChunksOf(offset), ChunkOf(end)};
  if (whole.first > whole.end) {  // all of it in the middle of one chunk
    BG_CO_CHECK(co_await ClearInChunk(services, target, offset, end, plan));
    co_return plan;
  }
  BG_CO_CHECK(co_await ClearChunks(services, target, whole, plan));
  const std::uint64_t middle = whole.first * blob::kPageChunk;
  const std::uint64_t tail = whole.end * blob::kPageChunk;
  if (offset < middle) BG_CO_CHECK(co_await ClearInChunk(services, target, offset, middle, plan));
  if (tail < end) BG_CO_CHECK(co_await ClearInChunk(services, target, tail, end, plan));
  co_return plan;
}

Task<Status> PageEdits::ClearInChunk(Services& services, const Target& target, std::uint64_t offset,
                                     std::uint64_t end, Plan& plan) {
  const std::uint32_t number = ChunkOf(offset);
  blob::PageRun run;
  run.first = PageOf(offset);
  run.count = static_cast<std::uint32_t>((end - offset) / blob::kPageSize);
  run.cleared = true;
  blob::PageChunk chunk;
  if (!plan.new_layer) {
    BG_CO_TRY(chunk, co_await Load(services, target, number));
  }
  if (plan.new_layer || lineage_->HasBelow(target.blob->layer)) {
    chunk.Put(run);
  } else {
    chunk.Erase(run.first, run.count);
  }
  plan.chunks[number] = std::move(chunk);
  co_return Status();
}

Task<Status> PageEdits::ClearChunks(Services& services, const Target& target,
                                    blob::ChunkRange range, Plan& plan) {
  const bool below = lineage_->HasBelow(target.blob->layer);
  std::vector<std::uint32_t> chunks;
  if (range.end - range.first <= kMaxEditedChunks) {
    for (std::uint32_t chunk = range.first; chunk < range.end; ++chunk) chunks.push_back(chunk);
  } else if (!below) {
    BG_CO_TRY(chunks, co_await ChunksIn(services, target, range));
  }
  const bool few =
      range.end - range.first <= kMaxEditedChunks || (!below && chunks.size() <= kMaxEditedChunks);
  if (!few) {
    if (lineage_->layers.size() >= blob::PageLineage::kMaxLayers + kMaxWaitingLayers) {
      co_return Fail(Errc::kUnavailable, "too many layers of pages wait to be merged");
    }
    plan.new_layer = true;
    plan.hidden = range;
    co_return Status();
  }
  for (const std::uint32_t chunk : chunks) {
    const std::uint64_t offset = chunk * blob::kPageChunk;
    BG_CO_CHECK(co_await ClearInChunk(services, target, offset, offset + blob::kPageChunk, plan));
  }
  co_return Status();
}

Task<Result<std::vector<std::uint32_t>>> PageEdits::ChunksIn(Services& services,
                                                             const Target& target,
                                                             blob::ChunkRange range) {
  std::vector<std::uint32_t> found;
  for (const auto& [place, edited] : chunks_) {
    const bool here = place.first == target.blob->layer && range.first <= place.second &&
                      place.second < range.end;
    if (here && !edited.row) found.push_back(place.second);
  }
  engine::ScanVisitor visitor = [&found](std::string_view key, std::string_view,
                                         engine::RowVersion) {
    if (const auto name = blob::NameOfPageChunkKey(key)) found.push_back(name->chunk);
    return found.size() <= kMaxEditedChunks ? engine::ScanStep::Next() : engine::ScanStep::Stop();
  };
  const std::uint64_t layer = target.blob->layer;
  BG_CO_CHECK(co_await services.catalog().Scan(
      target.partition, blob::PageChunkKey(name_, lineage_number_, layer, range.first),
      blob::PageChunkKey(name_, lineage_number_, layer, range.end), std::move(visitor)));
  co_return found;
}

void PageEdits::Apply(Plan plan, Target& target) {
  if (plan.new_layer) {
    const std::uint64_t old = target.blob->layer;
    target.blob->layer = lineage_->Freeze();
    lineage_->Find(target.blob->layer)->Hide(plan.hidden);
    lineage_->Disown(old);
    lineage_changed_ = true;
  }
  for (auto& [number, chunk] : plan.chunks) {
    chunks_[{target.blob->layer, number}].after = std::move(chunk);
  }
  brought_.insert(brought_.end(), plan.gathered.begin(), plan.gathered.end());
}

PageEdits::Unused PageEdits::Finish(engine::Batch& batch) {
  if (!lineage_) return {};
  bool changed = lineage_changed_;
  for (const auto& [place, edited] : chunks_) {
    if (edited.before == edited.after) continue;
    changed = true;
    std::string key = blob::PageChunkKey(name_, lineage_number_, place.first, place.second);
    batch.preconditions.push_back(engine::Precondition::Unchanged(key, edited.row));
    ChangeReferences(edited.before.Extents(), edited.after.Extents(), batch);
    if (edited.after.empty()) {
      batch.deletes.push_back(std::move(key));
    } else {
      batch.puts.push_back({std::move(key), edited.after.Encode()});
    }
  }
  const std::string key = blob::PagePrefix(name_, lineage_number_);
  if (lineage_changed_) {
    batch.preconditions.push_back(engine::Precondition::Unchanged(key, lineage_row_));
    batch.puts.push_back({key, lineage_->Encode()});
    batch.puts.push_back({blob::LeftoverKey(name_, lineage_number_), std::string(kPageLeftover)});
  } else if (changed) {
    batch.preconditions.push_back(engine::Precondition::Present(key));
  }
  std::erase_if(brought_, [&batch](const engine::ExtentRef& ref) {
    return std::ranges::find(batch.acquires, ref) != batch.acquires.end();
  });
  return std::move(brought_);
}

}  // namespace blobgate::operations
