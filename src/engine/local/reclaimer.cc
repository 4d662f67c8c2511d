#include "engine/local/reclaimer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace blobgate::engine {
namespace {

std::uint64_t StoredBytes(const std::vector<Garbage>& extents) {
  std::uint64_t bytes = 0;
  for (const Garbage& garbage : extents) bytes += garbage.stored;
  return bytes;
}

}  // namespace

Reclaimer::Reclaimer(const SegmentPaths& paths, Segments& segments, Places& places,
                     GarbageQueue& garbage, LoggedExtents& logged, Committer& committer,
                     StoreState& state, std::function<void(std::uint64_t)> forget)
    : paths_(paths),
      segments_(segments),
      places_(places),
      garbage_(garbage),
      logged_(logged),
      committer_(committer),
      state_(state),
      forget_(std::move(forget)),
      thread_([this] { Loop(); }) {}

void Reclaimer::Stop() {
  if (!thread_.joinable()) return;
  garbage_.Stop();
  thread_.join();
}

void Reclaimer::Loop() {
  for (;;) {
    GarbageQueue::Work work = garbage_.Next();
    std::map<std::uint64_t, Extents> by_segment;
    // Nobody reads them any more.
    for (const Garbage& garbage : work.garbage) {
      if (garbage.departed) places_.Forget(garbage.birth);
    }
    logged_.Abandon(work.garbage);
    const std::uint64_t waiting = StoredBytes(failed_) + StoredBytes(work.garbage);
    Extents extents = std::exchange(failed_, {});
    extents.insert(extents.end(), work.garbage.begin(), work.garbage.end());
    for (const Garbage& garbage : extents) {
      by_segment[garbage.place.segment].push_back(garbage);
    }
    for (auto& [segment, those] : by_segment) Reclaim(segment, std::move(those));
    RetryDeferred();
    if (!state_.read_only()) {
      SealFull();
      DeleteEmpty();
    }
    const std::uint64_t failed = StoredBytes(failed_);
    garbage_.Settle(waiting > failed ? waiting - failed : 0);
    if (work.stop) return;
  }
}

void Reclaimer::Reclaim(std::uint64_t segment, Extents extents) {
  if (state_.read_only()) return;
  if (auto earlier = deferred_.extract(segment); !earlier.empty()) {
    extents.insert(extents.end(), earlier.mapped().begin(), earlier.mapped().end());
  }
  const auto released = static_cast<std::uint64_t>(
      std::count_if(extents.begin(), extents.end(), [](const Garbage& g) { return g.released; }));
  if (released == extents.size() && segments_.TakeDeletable(segment, released) &&
      Delete(segment, extents)) {
    reclaimed_.fetch_add(StoredBytes(extents), std::memory_order_relaxed);
    return;
  }
  if (paths_.IsShared(segment)) {
    Defer(segment, std::move(extents));
    return;
  }
  if (const Status punched = Punch(segment, extents); !punched) {
    // The rows stay, so that at the latest the next start tries again.
    spdlog::warn("segment {:x}: space not given back: {}", segment, punched.error().detail);
    failed_.insert(failed_.end(), extents.begin(), extents.end());
    return;
  }
  DropRows(extents);
  reclaimed_.fetch_add(StoredBytes(extents), std::memory_order_relaxed);
  for (const Garbage& garbage : extents) segments_.Settle(garbage);
}

// A snapshot has the same file and needs what we do not. Rows and counts stay, so that the space is
// given back once the snapshot is gone, at the latest after the next start.
void Reclaimer::Defer(std::uint64_t segment, Extents extents) {
  deferred_[segment] = std::move(extents);
}

void Reclaimer::RetryDeferred() {
  constexpr std::chrono::minutes kEvery{1};
  const auto now = std::chrono::steady_clock::now();
  if (deferred_.empty() || now - retried_ < kEvery) return;
  retried_ = now;
  std::vector<std::uint64_t> segments;
  for (const auto& [segment, extents] : deferred_) segments.push_back(segment);
  for (const std::uint64_t segment : segments) {
    if (!paths_.IsShared(segment)) Reclaim(segment, {});
  }
}

// Neighbours go in one call. The holes are durable before the rows that ask for them go.
Status Reclaimer::Punch(std::uint64_t segment, const Extents& unsorted) {
  Extents extents = unsorted;
  std::sort(extents.begin(), extents.end(),
            [](const Garbage& a, const Garbage& b) { return a.place < b.place; });
  BG_TRY(const SegmentFilePtr file, paths_.Open(segment));
  for (std::size_t first = 0; first < extents.size();) {
    const std::uint64_t begin = extents[first].place.position;
    std::uint64_t end = begin;
    for (; first < extents.size() && extents[first].place.position == end; ++first) {
      end += extents[first].stored;
    }
    const int punched = paths_.disk().PunchHole(file->fd(), begin, end - begin);
    if (punched < 0) return std::unexpected(DiskError(punched, "punch hole"));
    holes_.fetch_add(1, std::memory_order_relaxed);
  }
  const int synced = paths_.disk().Sync(file->fd());
  if (synced == 0) return {};
  const Error error = DiskError(synced, "fdatasync of a segment");
  state_.FailForever(error.detail);
  return std::unexpected(error);
}

void Reclaimer::DropRows(const Extents& extents) {
  auto drop = [&extents](CommitGroup& group) {
    for (const Garbage& garbage : extents) {
      if (garbage.released) group.DropGarbageRow(garbage.place);
    }
  };
  if (const Status dropped = committer_.Run(std::move(drop), /*sync=*/false); !dropped) {
    spdlog::warn("garbage rows stay until the next start: {}", dropped.error().detail);
  }
}

// Row first: a file without a row is removed at the next start. False: the segment is as it was.
bool Reclaimer::Delete(std::uint64_t segment, const Extents& extents) {
  auto drop = [segment, &extents](CommitGroup& group) {
    for (const Garbage& garbage : extents) group.DropGarbageRow(garbage.place);
    group.DropSegment(segment);
  };
  if (const Status dropped = committer_.Run(std::move(drop)); !dropped) {
    spdlog::warn("segment {:x} not deleted: {}", segment, dropped.error().detail);
    segments_.EndSeal(segment, false);
    return false;
  }
  forget_(segment);
  if (const Status removed = paths_.Remove(segment); !removed) {
    spdlog::warn("segment {:x} not unlinked: {}", segment, removed.error().detail);
  }
  return true;
}

/// Those that were emptied while their rows could not be written.
void Reclaimer::DeleteEmpty() {
  for (const std::uint64_t segment : segments_.TakeEmpty()) (void)Delete(segment, {});
}

// Nothing is written to a sealed segment: what landed in it goes there first.
void Reclaimer::SealFull() {
  const std::vector<Segments::Sealable> all = segments_.TakeSealable();
  if (!all.empty()) (void)logged_.Settle();
  for (const Segments::Sealable& full : all) {
    const Status sealed = Seal(full);
    segments_.EndSeal(full.id, sealed.has_value());
    if (!sealed) {
      spdlog::warn("segment {:x} not sealed: {}", full.id, sealed.error().detail);
    }
  }
}

Status Reclaimer::Seal(const Segments::Sealable& full) {
  if (logged_.HasOf(full.id)) return Fail(Errc::kNoSpace, "some of its content waits");
  BG_CHECK(full.appender->Close(full.end));
  auto seal = [id = full.id, end = full.end](CommitGroup& group) {
    SegmentRow& row = group.Segment(id);
    row.state = SegmentRow::State::kSealed;
    row.end = end;
  };
  return committer_.Run(std::move(seal));
}

}  // namespace blobgate::engine
