#include "engine/local/committer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>
#include <utility>

namespace blobgate::engine {
namespace {

constexpr std::size_t kMaxRequests = 512;
constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;

std::size_t SizeOf(const std::vector<PartitionBatch>& parts) {
  std::size_t size = 0;
  for (const auto& [partition, batch] : parts) {
    size += 64 * (batch.acquires.size() + batch.releases.size() + batch.deletes.size());
    for (const RowPut& put : batch.puts) size += put.key.size() + put.value.size();
    for (const ExtentRef& ref : batch.acquires) {
      if (ref.length <= LoggedExtents::kLongest) size += ref.length;
    }
  }
  return size;
}

/// Between two attempts at what a full disk stopped in the background.
constexpr std::chrono::seconds kResumePause{5};
constexpr std::chrono::seconds kRefillPause{1};
/// What a group of commits has before it touches the ballast, bytes.
constexpr std::uint64_t kCommitRoom = 2 * 1024 * 1024;

}  // namespace

bool NeedsSpace(const std::vector<PartitionBatch>& parts) {
  return std::ranges::any_of(parts, [](const PartitionBatch& part) {
    const Batch& batch = part.batch;
    if (!batch.acquires.empty()) return true;
    return !batch.puts.empty() && batch.deletes.empty() && batch.releases.empty();
  });
}

Committer::Committer(CatalogDb& db, RowCache& rows, Segments& segments, Places& places,
                     GarbageQueue& garbage, LoggedExtents& logged, StoreState& state,
                     CommitMark& mark, Ballast& ballast)
    : db_(db),
      rows_(rows),
      segments_(segments),
      places_(places),
      garbage_(garbage),
      logged_(logged),
      state_(state),
      mark_(mark),
      ballast_(ballast),
      thread_([this] { Loop(); }) {}

Task<Status> Committer::Commit(std::vector<PartitionBatch> parts) {
  auto start = [this, parts = std::move(parts)](Completer<Status> done) mutable {
    Submit({std::move(parts), {}, true, std::move(done)});
  };
  co_return co_await AwaitCompletion<Status>(std::move(start));
}

Status Committer::Run(Change change, bool sync) {
  auto promise = std::make_shared<std::promise<Status>>();
  std::future<Status> future = promise->get_future();
  auto done = [promise](Status status) { promise->set_value(std::move(status)); };
  Submit({{}, std::move(change), sync, std::move(done)});
  return future.get();
}

void Committer::Submit(Request request) {
  const std::lock_guard lock(mutex_);
  queue_.push_back(std::move(request));
  if (queue_.size() == 1) changed_.notify_one();
}

void Committer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Committer::Loop() {
  CatalogDb::CountNothing();
  for (;;) {
    std::vector<Request> requests = TakeGroup();
    if (requests.empty()) return;
    CommitAll(std::move(requests));
  }
}

std::vector<Committer::Request> Committer::TakeGroup() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stop_ || !queue_.empty(); });
  std::vector<Request> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && group.size() < kMaxRequests && bytes < kMaxBytes) {
    bytes += SizeOf(queue_.front().parts);
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Committer::CommitAll(std::vector<Request> requests) {
  std::vector<Request> staged;
  std::vector<std::pair<Request, Status>> refused;
  staged.reserve(requests.size());
  Status resumed = ResumeIfStalled();
  ResumeIfHindered();
  TrimBallast();
  Status space;
  bool sync = false;
  std::uint64_t batches = 0;
  CommitGroup group(db_, rows_, segments_, places_, logged_);
  if (!resumed || state_.read_only()) {
    const Status why = resumed ? state_.CheckWritable() : resumed;
    for (Request& request : requests) request.done(why);
    return;
  }
  for (Request& request : requests) {
    Status status = Admit(request, space);
    if (status) status = Stage(request, group);
    if (!status) {
      refused.emplace_back(std::move(request), std::move(status));
      continue;
    }
    sync = sync || !request.change || request.sync;
    batches += request.change ? 0 : 1;
    staged.push_back(std::move(request));
  }
  const Status written = WriteGroup(group, sync);
  if (written) {
    commits_.fetch_add(batches, std::memory_order_relaxed);
    if (sync) groups_.fetch_add(1, std::memory_order_relaxed);
    if (batches > 0) state_.syncs().commit_batches.Add(batches);
  }
  for (Request& request : staged) request.done(written);
  // Not before: what refused them may be in this group, and who reads again must find it.
  for (auto& [request, status] : refused) request.done(written ? std::move(status) : written);
}

// `space` is looked up once a group: an error in it means that it was found wanting.
Status Committer::Admit(const Request& request, Status& space) {
  if (request.change) return {};
  for (const auto& [partition, batch] : request.parts) {
    if (partition.generation != 1 || partition.id == 0 || partition.id >= partition_limit_) {
      return Fail(Errc::kPartitionMoved);
    }
  }
  if (!NeedsSpace(request.parts)) return {};
  if (space) space = state_.CheckReserve();
  return space;
}

Status Committer::Stage(Request& request, CommitGroup& group) {
  if (!request.change) return group.Add(request.parts);
  request.change(group);
  return {};
}

Status Committer::WriteGroup(CommitGroup& group, bool sync) {
  if (group.empty()) return {};
  Status written = TimedWrite(group, sync);
  if (!written && written.error().code == Errc::kNoSpace) {
    stalled_ = true;
    if (ResumeIfStalled()) written = FromRocks(group.Write(sync));
  }
  GroupEffects effects = group.TakeEffects();
  if (!written) return OnWriteFailed(written.error(), effects);
  if (sync) mark_.Store(db_.db().GetLatestSequenceNumber());
  // In this order: whoever finds the old place of a moved extent now still has a guard on it.
  logged_.Landed(effects.landed);
  const bool sealable = segments_.Apply(effects);
  places_.Apply(effects.moves);
  garbage_.Push(std::move(effects.garbage));
  if (sealable) garbage_.Wake();
  return {};
}

Status Committer::TimedWrite(CommitGroup& group, bool sync) {
  if (!sync) return FromRocks(group.Write(false));
  const TimedSync timed(state_.syncs().commit_time);
  return FromRocks(group.Write(true));
}

// A full disk is survivable: RocksDB has nothing of the group in memory and can resume. The group
// may still be in its log until then, so what it refers to stays untouched, in memory
// (LoggedExtents) as well: those who wrote it may still read it.
Status Committer::OnWriteFailed(const Error& error, const GroupEffects& effects) {
  doubtful_.insert(doubtful_.end(), effects.landed.begin(), effects.landed.end());
  for (const Garbage& garbage : effects.garbage) {
    if (garbage.departed) places_.Forget(garbage.birth);
  }
  if (error.code == Errc::kNoSpace) {
    stalled_ = true;
    spdlog::error("a commit found the disk full: {}", error.detail);
    return std::unexpected(error);
  }
  state_.FailForever(error.detail);
  return Fail(Errc::kIoError, error.detail);
}

// Not tried before there is room: RocksDB takes an attempt that fails for a fatal error.
Status Committer::ResumeIfStalled() {
  if (!stalled_ || state_.read_only()) return {};
  ballast_.Release(state_.FreeBytes(), db_.RoomToResume());
  if (state_.FreeBytes() < db_.RoomToResume()) {
    return Fail(Errc::kNoSpace, "the disk of the data directory is full");
  }
  const rocksdb::Status resumed = db_.Resume();
  if (!resumed.ok()) {
    Status failed = FromRocks(resumed);
    const bool fatal = resumed.severity() >= rocksdb::Status::Severity::kFatalError;
    if (!fatal && failed.error().code == Errc::kNoSpace) return failed;
    if (resumed.IsBusy()) return Fail(Errc::kNoSpace, failed.error().detail);
    state_.FailForever(failed.error().detail);
    return Fail(Errc::kReadOnly, failed.error().detail);
  }
  stalled_ = false;
  spdlog::info("the catalog takes writes again");
  garbage_.Push(std::exchange(doubtful_, {}));
  return {};
}

// Tables that cannot be merged do not keep commits from the log, but nothing else is written out
// until RocksDB is told to go on.
void Committer::ResumeIfHindered() {
  if (db_.TakeHindered()) hindered_ = true;
  if (!hindered_ || stalled_ || state_.read_only() || Clock::now() < next_resume_) return;
  hindered_ = false;
  next_resume_ = Clock::now() + kResumePause;
  if (!db_.db().Resume().ok()) hindered_ = true;
}

// Commits need next to nothing, but not nothing: without it the log meets the full disk, and to get
// over that takes much more.
void Committer::TrimBallast() {
  const std::uint64_t free = state_.FreeBytes();
  ballast_.Release(free, kCommitRoom);
  if (free < 2 * state_.reserve()) db_.KeepResumable();
  if (ballast_.IsFull() || Clock::now() < next_refill_) return;
  next_refill_ = Clock::now() + kRefillPause;
  ballast_.Refill(state_.FreeBytes(), state_.reserve());
}

}  // namespace blobgate::engine
