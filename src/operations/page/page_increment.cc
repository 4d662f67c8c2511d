#include "operations/page/page_increment.h"

#include <algorithm>
#include <utility>

#include "operations/page/page_window.h"

namespace blobgate::operations {
namespace {

/// The runs of `now` that `changes` name, and cleared runs.
blob::PageChunk ChunkOf(const blob::PageChunk& now, const std::vector<blob::PageChange>& changes) {
  blob::PageChunk kept;  // everything but what changed
  blob::PageRun whole;
  whole.count = blob::kPagesInChunk;
  whole.cleared = true;
  kept.Put(whole);
  blob::PageChunk chunk = now;
  for (const blob::PageChange& change : changes) kept.Erase(change.first, change.count);
  chunk.Erase(kept);
  chunk.SetLayer(0);
  for (const blob::PageChange& change : changes) {
    if (!change.cleared) continue;
    blob::PageRun run;
    run.first = change.first;
    run.count = change.count;
    run.cleared = true;
    chunk.Put(run);
  }
  return chunk;
}

/// False: it is too much for one commit.
bool AddWindow(const PageWindow& window, std::uint64_t since, PageIncrement& increment) {
  static const blob::PageChunk kNone;
  const auto add = [&](std::uint32_t number) {
    if (increment.contains(number)) return true;
    const auto now = window.chunks.find(number);
    const auto then = window.then.find(number);
    const blob::PageChunk& view = now == window.chunks.end() ? kNone : now->second;
    const auto changes = DiffChunk(view, then == window.then.end() ? kNone : then->second, since);
    if (changes.empty()) return true;
    blob::PageChunk chunk = ChunkOf(view, changes);
    if (!blob::PlanGather(chunk).empty()) return false;
    increment.emplace(number, std::move(chunk));
    return increment.size() <= kMaxIncrement;
  };
  const auto each = [&](const auto& chunks) {
    return std::ranges::all_of(chunks, [&](const auto& entry) { return add(entry.first); });
  };
  return each(window.chunks) && each(window.then);
}

}  // namespace

Task<azure::Outcome<std::optional<PageIncrement>>> CollectIncrement(Services& services,
                                                                    const Target& target,
                                                                    std::uint64_t since) {
  PageIncrement increment;
  WindowRequest request;
  request.lineage = target.blob->lineage;
  request.layer = target.blob->layer;
  request.since = since;
  // Up to the end of the longest blob: what was cut off has to go.
  request.end = blob::kChunksEnd;
  while (request.first < request.end) {
    auto window =
        co_await LoadPageWindow(services, target.partition, blob::NameOfKey(target.key), request);
    if (!window && window.error().code == Errc::kConflict) co_return std::nullopt;
    BG_CO_TRY(const PageWindow loaded, std::move(window));
    if (!AddWindow(loaded, since, increment)) co_return std::nullopt;
    request.first = loaded.end;
  }
  BG_CO_TRY(const bool same, co_await IsUnchanged(services, target));
  if (!same) co_return std::nullopt;
  co_return std::optional(std::move(increment));
}

}  // namespace blobgate::operations
