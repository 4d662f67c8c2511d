#include "engine/local/rewriter.h"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "engine/local/background_thread.h"
#include "engine/local/extent_format.h"

namespace blobgate::engine {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
/// One sync and one commit each.
constexpr std::uint64_t kBatchBytes = 4 * kMiB;
constexpr std::size_t kBatchExtents = 512;
/// What the disk must have besides the reserve, what was promised, and what is copied before
/// anything comes back: far more than is copied while requests take the rest.
constexpr std::uint64_t kRoom = 256 * kMiB;
/// Old places that wait for readers, at most.
constexpr std::uint64_t kMostPending = 256 * kMiB;
constexpr std::chrono::seconds kIdle{1};
constexpr std::chrono::milliseconds kLook{200};
/// Of the rate: what is left for it while requests are busy.
constexpr std::uint64_t kBusyShare = 4;

}  // namespace

Rewriter::Rewriter(Parts parts, RewritePolicy policy)
    : parts_(std::move(parts)),
      policy_(policy),
      pacer_(policy.bytes_per_second),
      copier_(parts_.paths.disk(), [this](std::uint64_t bytes) { return GoOn(bytes); }) {
  if (policy_.bytes_per_second > 0) thread_ = std::thread([this] { Loop(); });
}

void Rewriter::Stop() {
  pacer_.Stop();
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool Rewriter::stopped() {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Rewriter::Loop() {
  LowerPriority();
  for (;;) {
    const bool worked = RewriteOne(/*at_once=*/false);
    std::unique_lock lock(mutex_);
    if (!worked) changed_.wait_for(lock, kIdle, [this] { return stop_; });
    if (stop_) return;
  }
}

// Also within an extent: it may be as large as a segment, and what was promised to it is missing
// to uploads.
bool Rewriter::GoOn(std::uint64_t bytes) {
  if (stopped() || !MayWork(0)) return false;
  return at_once_ || pacer_.Take(Cost(bytes));
}

std::uint64_t Rewriter::Cost(std::uint64_t bytes) {
  const auto now = Clock::now();
  if (const std::chrono::duration<double> since = now - looked_; since >= kLook) {
    const std::uint64_t requested = parts_.state.requested();
    const double rate = static_cast<double>(requested - requested_) / since.count();
    busy_ = rate > static_cast<double>(policy_.bytes_per_second);
    requested_ = requested;
    looked_ = now;
  }
  return busy_ ? kBusyShare * bytes : bytes;
}

// Nothing is gained but files: never at the cost of the last space, nor of readers' garbage.
bool Rewriter::MayWork(std::uint64_t live) const {
  const std::uint64_t room = kRoom + std::min(live, ExtentStore::kMaxExtent);
  return !parts_.state.read_only() && parts_.state.CheckSpace(room).has_value() &&
         parts_.garbage.pending_bytes() <= kMostPending;
}

// Many files make starts slow and descriptors scarce.
unsigned Rewriter::Percent() const {
  const std::uint64_t count = parts_.segments.count();
  const unsigned more = count > 4096 ? 40 : count > 1024 ? 20 : 0;
  return std::min(policy_.live_percent + more, 90u);
}

/// What a snapshot shares would not go by leaving it.
std::optional<Segments::Sparse> Rewriter::Take() {
  std::set<std::uint64_t> passed = unfit_;
  for (;;) {
    const auto sparse = parts_.segments.TakeSparse(Percent(), passed);
    if (!sparse || !parts_.paths.IsShared(sparse->id)) return sparse;
    parts_.segments.EndRewrite(sparse->id);
    passed.insert(sparse->id);
  }
}

bool Rewriter::RewriteOne(bool at_once) {
  const std::lock_guard lock(working_);
  if (!MayWork(0)) return false;
  const auto sparse = Take();
  if (!sparse) return false;
  at_once_ = at_once;
  const Status done = Rewrite(*sparse);
  parts_.segments.EndRewrite(sparse->id);
  parts_.garbage.Wake();  // to delete it
  if (done) {
    rewritten_.fetch_add(1, std::memory_order_relaxed);
  } else if (done.error().code != Errc::kCancelled) {
    spdlog::warn("segment {:x} not rewritten: {}", sparse->id, done.error().detail);
    if (done.error().code == Errc::kCorruption) unfit_.insert(sparse->id);
  }
  return done.has_value();
}

// Nothing comes into a sealed segment, so nothing may be left.
Status Rewriter::Rewrite(const Segments::Sparse& sparse) {
  BG_CHECK(MoveAll(sparse));
  BG_TRY(const std::uint64_t live, LiveBytesOf(sparse.id));
  if (live == 0) return {};
  return std::unexpected(parts_.state.Corruption(
      fmt::format("segment {:x}: {} live bytes are counted that no extent has; `blobgate fsck "
                  "--repair` counts anew",
                  sparse.id, live)));
}

// The database has this together with the extents; what Segments knows of a commit comes a moment
// later, when its extents are gone already.
Result<std::uint64_t> Rewriter::LiveBytesOf(std::uint64_t segment) const {
  std::string value;
  const auto found = parts_.db.db().Get({}, parts_.db.meta(), SegmentKey(segment), &value);
  if (found.IsNotFound()) return 0;
  BG_CHECK(FromRocks(found));
  const auto row = SegmentRow::Decode(value);
  if (!row) return Fail(Errc::kCorruption, "catalog: damaged segment row");
  return row->live;
}

// kCancelled: it has to wait, or nothing is to be done any more.
Status Rewriter::MoveAll(const Segments::Sparse& sparse) {
  if (!MayWork(sparse.live)) return Fail(Errc::kCancelled);
  BG_TRY(const SegmentFilePtr file, parts_.paths.Open(sparse.id));
  BG_TRY(const std::vector<Resident> residents, ResidentsOf(parts_.db, sparse.id));
  for (std::size_t next = 0; next < residents.size();) {
    if (stopped() || !MayWork(sparse.live)) return Fail(Errc::kCancelled);
    BG_TRY(Selection selection, Select(residents, next));
    BG_TRY(Copies copies, CopyAll(*file, selection));
    selection.pin.reset();
    BG_CHECK(Commit(std::move(copies)));
  }
  return {};
}

// Without the pin what is released meanwhile would become holes, and be taken for damage. Copying
// takes its time: a guard would keep the space of everything else from coming back.
Result<Rewriter::Selection> Rewriter::Select(const std::vector<Resident>& residents,
                                             std::size_t& next) const {
  const ReadGuard guard = parts_.garbage.BeginRead();
  Selection selection;
  std::vector<Place> births;
  std::uint64_t bytes = 0;
  for (; next < residents.size() && bytes < kBatchBytes && births.size() < kBatchExtents; ++next) {
    BG_TRY(const std::optional<Source> source, Find(residents[next]));
    if (!source) continue;
    bytes += residents[next].stored;
    births.push_back(residents[next].birth);
    selection.sources.push_back(*source);
  }
  selection.pin = parts_.garbage.Pin(std::move(births));
  return selection;
}

/// nullopt when the extent is no longer where it was.
Result<std::optional<Rewriter::Source>> Rewriter::Find(const Resident& resident) const {
  std::string value;
  const Place& birth = resident.birth;
  const auto found = parts_.db.db().Get({}, parts_.db.extents(), PlaceKey(birth), &value);
  if (found.IsNotFound()) return std::optional<Source>();
  BG_CHECK(FromRocks(found));
  const auto row = ExtentRow::Decode(value);
  if (!row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
  if (row->PlaceOf(birth) != resident.place) return std::optional<Source>();
  const ExtentRef ref{birth.segment, birth.position, row->length, row->check};
  return std::optional(Source{ref, resident.place});
}

Result<Rewriter::Copies> Rewriter::CopyAll(const SegmentFile& file, const Selection& selection) {
  Copies copies;
  std::set<std::shared_ptr<SegmentAppender>> written;
  Status status;
  for (const Source& source : selection.sources) {
    auto copy = CopyOne(file, source, written);
    if (!copy) {
      status = std::unexpected(copy.error());
      break;
    }
    copies.push_back(*copy);
  }
  for (const auto& appender : written) {
    if (status) status = appender->Sync(0);
  }
  if (status) return copies;
  Abandon(copies);
  return std::unexpected(status.error());
}

Result<Rewriter::Copy> Rewriter::CopyOne(const SegmentFile& file, const Source& source,
                                         std::set<std::shared_ptr<SegmentAppender>>& written) {
  const std::uint64_t stored = StoredLength(source.ref.length);
  const Place birth{source.ref.space, source.ref.position};
  BG_TRY(const Reservation room, parts_.allocator.ReserveForMove(stored));
  const Copy copy{{birth, source.place, room.place}, stored, false};
  parts_.state.Claim(stored);
  const Status copied = copier_.Copy(source.ref, source.place, file, room);
  parts_.state.Unclaim(stored);
  if (!copied) {
    Abandon({copy});
    if (copied.error().code != Errc::kCorruption) return std::unexpected(copied.error());
    return std::unexpected(parts_.state.Corruption(copied.error().detail));
  }
  written.insert(room.appender);
  return copy;
}

// If the commit fails after it was staged, the copies are the committer's: the log may name them.
Status Rewriter::Commit(Copies copies) {
  if (copies.empty()) return {};
  bool staged = false;
  Status failed;
  auto move = [&](CommitGroup& group) {
    staged = true;
    for (Copy& copy : copies) {
      auto moved = group.MoveExtent(copy.move);
      copy.moved = moved && *moved;
      if (!moved) failed = std::unexpected(moved.error());
    }
  };
  const Status committed = parts_.committer.Run(std::move(move));
  Copies unused;
  for (const Copy& copy : copies) {
    if (!staged || !copy.moved) {
      unused.push_back(copy);
    } else if (committed) {
      moved_.fetch_add(copy.stored, std::memory_order_relaxed);
    }
  }
  Abandon(unused);
  return committed ? failed : committed;
}

void Rewriter::Abandon(const Copies& copies) {
  std::vector<Garbage> garbage;
  for (const Copy& copy : copies) garbage.push_back({copy.move.to, copy.stored, false});
  parts_.garbage.Push(std::move(garbage));
}

}  // namespace blobgate::engine
