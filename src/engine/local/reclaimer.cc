#include "engine/local/reclaimer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace blobgate::engine {

Reclaimer::Reclaimer(const SegmentPaths& paths, Segments& segments, GarbageQueue& garbage,
                     Committer& committer, StoreState& state,
                     std::function<void(std::uint64_t)> forget)
    : paths_(paths),
      segments_(segments),
      garbage_(garbage),
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
    for (const Garbage& garbage : work.garbage) {
      by_segment[garbage.place.segment].push_back(garbage);
    }
    for (auto& [segment, extents] : by_segment) Reclaim(segment, std::move(extents));
    if (!state_.read_only()) SealFull();
    if (work.stop) return;
  }
}

void Reclaimer::Reclaim(std::uint64_t segment, Extents extents) {
  if (state_.read_only()) return;
  const auto released = static_cast<std::uint64_t>(
      std::count_if(extents.begin(), extents.end(), [](const Garbage& g) { return g.released; }));
  if (released == extents.size() && segments_.TakeDeletable(segment, released)) {
    Delete(segment, extents);
    return;
  }
  const Status punched = Punch(segment, extents);
  if (punched) {
    DropRows(extents);
  } else {
    spdlog::warn("segment {:x}: space not given back: {}", segment, punched.error().detail);
  }
  for (const Garbage& garbage : extents) {
    // The next start tries again. It finds what was released by its row, and what was never
    // acquired by looking through active segments: so that one must not be sealed.
    if (punched || garbage.released) segments_.Settle(garbage);
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

// Row first: a file without a row is removed at the next start.
void Reclaimer::Delete(std::uint64_t segment, const Extents& extents) {
  auto drop = [segment, &extents](CommitGroup& group) {
    for (const Garbage& garbage : extents) group.DropGarbageRow(garbage.place);
    group.DropSegment(segment);
  };
  if (const Status dropped = committer_.Run(std::move(drop)); !dropped) {
    spdlog::warn("segment {:x} not deleted: {}", segment, dropped.error().detail);
    for (const Garbage& garbage : extents) segments_.Settle(garbage);
    segments_.EndSeal(segment, false);
    return;
  }
  forget_(segment);
  if (const Status removed = paths_.Remove(segment); !removed) {
    spdlog::warn("segment {:x} not unlinked: {}", segment, removed.error().detail);
  }
}

void Reclaimer::SealFull() {
  for (const Segments::Sealable& full : segments_.TakeSealable()) {
    const Status sealed = Seal(full);
    segments_.EndSeal(full.id, sealed.has_value());
    if (!sealed) {
      spdlog::warn("segment {:x} not sealed: {}", full.id, sealed.error().detail);
    } else if (segments_.TakeDeletable(full.id, 0)) {
      Delete(full.id, {});
    }
  }
}

Status Reclaimer::Seal(const Segments::Sealable& full) {
  BG_CHECK(full.appender->Close(full.end));
  auto seal = [id = full.id, end = full.end](CommitGroup& group) {
    SegmentRow& row = group.Segment(id);
    row.state = SegmentRow::State::kSealed;
    row.end = end;
  };
  return committer_.Run(std::move(seal));
}

}  // namespace blobgate::engine
