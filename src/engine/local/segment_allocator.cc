#include "engine/local/segment_allocator.h"

#include <algorithm>
#include <utility>

#include "engine/local/extent_format.h"

namespace blobgate::engine {

SegmentAllocator::SegmentAllocator(const SegmentPaths& paths, Segments& segments,
                                   Committer& committer, GarbageQueue& garbage, StoreState& state,
                                   boost::asio::thread_pool& pool, unsigned large_writers,
                                   bool direct_io)
    : paths_(paths),
      segments_(segments),
      committer_(committer),
      garbage_(garbage),
      state_(state),
      pool_(pool),
      direct_io_(direct_io),
      slots_(2 + std::max(1u, large_writers)) {}

// ext4 and others let one write at a time make a file longer, so that segments in use bound what
// the disk gets to do at once; but a snapshot copies them and a start after a crash looks through
// them. So there are as many as the writes of the moment need: of the least busy the first.
std::size_t SegmentAllocator::SlotFor(std::uint64_t length) const {
  if (length <= kShort) return 0;
  std::size_t best = 1;
  for (std::size_t i = 2; i + 1 < slots_.size(); ++i) {
    if (slots_[i].writes->load(std::memory_order_relaxed) <
        slots_[best].writes->load(std::memory_order_relaxed)) {
      best = i;
    }
  }
  return best;
}

Task<Result<Reservation>> SegmentAllocator::Reserve(std::uint64_t length) {
  const std::uint64_t stored = StoredLength(length);
  Slot& slot = slots_[SlotFor(length)];
  if (auto reservation = segments_.TryReserve(slot.segment, stored)) co_return *reservation;
  auto roll = [this, &slot, stored] { return Roll(slot, stored); };
  co_return co_await RunBlocking(pool_, std::move(roll));
}

Result<Reservation> SegmentAllocator::ReserveForMove(std::uint64_t stored) {
  Slot& slot = slots_.back();
  if (auto reservation = segments_.TryReserve(slot.segment, stored)) return *reservation;
  return Roll(slot, stored);
}

Result<Reservation> SegmentAllocator::Roll(Slot& slot, std::uint64_t stored) {
  const std::lock_guard lock(slot.rolling);
  // Whoever held the lock before may have made room.
  if (auto reservation = segments_.TryReserve(slot.segment, stored)) return *reservation;
  auto reusable = segments_.TakeReusable(stored);
  if (reusable && paths_.IsShared(*reusable)) {
    segments_.GiveBack(*reusable);
    reusable.reset();
  }
  BG_TRY(const std::uint64_t next, reusable ? Reuse(slot, *reusable) : CreateNew(slot));
  const std::uint64_t full = slot.segment.load();
  // Reserved before others see it: they could fill it up.
  const auto reservation = segments_.TryReserve(next, stored);
  slot.segment = next;
  if (full != 0) {
    segments_.MarkFull(full);
    garbage_.Wake();
  }
  if (!reservation) return Fail(Errc::kInternal, "no room in a new segment");
  return *reservation;
}

Result<std::uint64_t> SegmentAllocator::Reuse(const Slot& slot, std::uint64_t id) {
  auto file = paths_.OpenForWrite(id, /*create=*/false, direct_io_);
  Status status;
  if (file) {
    auto activate = [id](CommitGroup& group) {
      group.Segment(id).state = SegmentRow::State::kActive;
    };
    status = committer_.Run(std::move(activate));
  } else {
    status = std::unexpected(file.error());
  }
  if (!status) {
    segments_.GiveBack(id);
    return std::unexpected(status.error());
  }
  segments_.Activate(id, MakeAppender(slot, std::move(*file)));
  return id;
}

// File, directory entry, row, in this order: a file without a row is removed at the next start, a
// row without a file would be taken for damage.
Result<std::uint64_t> SegmentAllocator::CreateNew(const Slot& slot) {
  const std::uint64_t id = segments_.TakeId();
  auto file = paths_.OpenForWrite(id, /*create=*/true, direct_io_);
  if (!file) {
    (void)paths_.Remove(id);
    return std::unexpected(file.error());
  }
  auto add = [this, id](CommitGroup& group) {
    group.Segment(id) = SegmentRow{};
    group.PutMeta(kNextSegmentKey, EncodeBigEndian(segments_.next_id()));
  };
  if (Status added = committer_.Run(std::move(add)); !added) {
    // After kIoError the row may be there; the file stays for it.
    if (added.error().code == Errc::kReadOnly) (void)paths_.Remove(id);
    return std::unexpected(added.error());
  }
  segments_.Activate(id, MakeAppender(slot, std::move(*file)));
  return id;
}

std::shared_ptr<SegmentAppender> SegmentAllocator::MakeAppender(const Slot& slot,
                                                                SegmentFilePtr file) {
  return std::make_shared<SegmentAppender>(paths_.disk(), state_, pool_, std::move(file),
                                           slot.writes);
}

void SegmentAllocator::CloseAll() {
  for (Slot& slot : slots_) segments_.MarkFull(slot.segment);
  garbage_.Wake();
}

}  // namespace blobgate::engine
