#include "engine/local/rewriter.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

namespace blobgate::engine {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;
/// One sync and one commit each.
constexpr std::uint64_t kBatchBytes = 4 * kMiB;
constexpr std::size_t kBatchExtents = 512;
/// What the disk must have besides the reserve and what is copied before anything comes back.
constexpr std::uint64_t kRoom = 4 * kBatchBytes;
/// Old places that wait for readers, at most.
constexpr std::uint64_t kMostPending = 256 * kMiB;
constexpr std::chrono::seconds kIdle{5};

}  // namespace

Rewriter::Rewriter(Parts parts, RewritePolicy policy)
    : parts_(std::move(parts)), policy_(policy), copier_(parts_.paths.disk()) {
  if (policy_.bytes_per_second > 0) thread_ = std::thread([this] { Loop(); });
}

void Rewriter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Rewriter::Loop() {
  for (;;) {
    const bool worked = RewriteOne(/*at_once=*/false);
    std::unique_lock lock(mutex_);
    if (!worked) changed_.wait_for(lock, kIdle, [this] { return stop_; });
    if (stop_) return;
  }
}

void Rewriter::Pause(std::uint64_t bytes) {
  const std::chrono::duration<double> pause(static_cast<double>(bytes) /
                                            static_cast<double>(policy_.bytes_per_second));
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, pause, [this] { return stop_; });
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
  const auto sparse = Take();
  if (!sparse) return false;
  const Status done = Rewrite(*sparse, at_once);
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

// kCancelled: it has to wait, or nothing is to be done any more.
Status Rewriter::Rewrite(const Segments::Sparse& sparse, bool at_once) {
  if (!MayWork(sparse.live)) return Fail(Errc::kCancelled);
  if (!prepared_) BG_CHECK(parts_.prepare());
  prepared_ = true;
  BG_TRY(const SegmentFilePtr file, parts_.paths.Open(sparse.id));
  BG_TRY(const std::vector<Resident> residents, ResidentsOf(parts_.db, sparse.id));
  for (std::size_t next = 0; next < residents.size();) {
    {
      const std::lock_guard lock(mutex_);
      if (stop_) return Fail(Errc::kCancelled);
    }
    if (!MayWork(sparse.live)) return Fail(Errc::kCancelled);
    BG_TRY(Copies copies, CopyBatch(*file, residents, next));
    std::uint64_t bytes = 0;
    for (const Copy& copy : copies) bytes += copy.stored;
    BG_CHECK(Commit(std::move(copies)));
    if (!at_once) Pause(bytes);
  }
  return {};
}

// The guard keeps what is copied on the disk, even if it is released meanwhile: holes would be
// taken for damage.
Result<Rewriter::Copies> Rewriter::CopyBatch(const SegmentFile& file,
                                             const std::vector<Resident>& residents,
                                             std::size_t& next) {
  const ReadGuard guard = parts_.garbage.BeginRead();
  Copies copies;
  std::set<std::shared_ptr<SegmentAppender>> written;
  Status status;
  std::uint64_t bytes = 0;
  while (status && next < residents.size() && bytes < kBatchBytes &&
         copies.size() < kBatchExtents) {
    auto copy = CopyOne(file, residents[next++], written);
    if (!copy) {
      status = std::unexpected(copy.error());
    } else if (*copy) {
      bytes += (*copy)->stored;
      copies.push_back(**copy);
    }
  }
  for (const auto& appender : written) {
    if (status) status = appender->Sync();
  }
  if (status) return copies;
  Abandon(copies);
  return std::unexpected(status.error());
}

/// nullopt when the extent is no longer where it was.
Result<std::optional<Rewriter::Copy>> Rewriter::CopyOne(
    const SegmentFile& file, const Resident& resident,
    std::set<std::shared_ptr<SegmentAppender>>& written) {
  std::string value;
  const auto found = parts_.db.db().Get({}, parts_.db.extents(), PlaceKey(resident.birth), &value);
  if (found.IsNotFound()) return std::optional<Copy>();
  BG_CHECK(FromRocks(found));
  const auto row = ExtentRow::Decode(value);
  if (!row) return Fail(Errc::kCorruption, "catalog: damaged extent row");
  if (row->PlaceOf(resident.birth) != resident.place) return std::optional<Copy>();

  BG_TRY(const Reservation room, parts_.allocator.ReserveForMove(resident.stored));
  const Copy copy{{resident.birth, resident.place, room.place}, resident.stored, false};
  const ExtentRef ref{resident.birth.segment, resident.birth.position, row->length, row->check};
  parts_.state.Claim(copy.stored);
  const Status copied = copier_.Copy(ref, resident.place, file, room);
  parts_.state.Unclaim(copy.stored);
  if (!copied) {
    Abandon({copy});
    if (copied.error().code != Errc::kCorruption) return std::unexpected(copied.error());
    return std::unexpected(parts_.state.Corruption(copied.error().detail));
  }
  written.insert(room.appender);
  return std::optional(copy);
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
