// The one thread that changes the catalog.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/task.h"
#include "blobgate/engine/catalog.h"
#include "engine/local/ballast.h"
#include "engine/local/commit_group.h"
#include "engine/local/commit_mark.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/row_cache.h"
#include "engine/local/segments.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

/// Whether a commit makes the store larger: it is refused while the reserve is touched. Deletes,
/// and overwrites that free something, go through as long as RocksDB itself can write. What moves
/// from one partition to another frees nothing.
bool NeedsSpace(const std::vector<PartitionBatch>& parts);

/// Drains a queue of batches: as many as wait go into one write with one sync. The references must
/// outlive it. Thread-safe.
class Committer {
 public:
  /// The ballast is the committer's from here on.
  Committer(CatalogDb& db, RowCache& rows, Segments& segments, Places& places,
            GarbageQueue& garbage, LoggedExtents& logged, StoreState& state, CommitMark& mark,
            Ballast& ballast);
  ~Committer() { Stop(); }
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;

  /// As Catalog::CommitTogether. REQUIRES: CheckParts passed.
  Task<Status> Commit(std::vector<PartitionBatch> parts);

  /// A change of the engine's own; it runs on the committer thread.
  using Change = std::move_only_function<void(CommitGroup&)>;
  /// Applies `change`; durable on return when `sync`, else with the next group that is. Blocks: not
  /// from a Task, nor from the committer thread.
  Status Run(Change change, bool sync = true);

  /// Completes what is queued and ends the thread. Nothing may be submitted afterwards.
  void Stop();

  /// Partition ids below this exist.
  void set_partition_limit(std::uint64_t limit) { partition_limit_ = limit; }

  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  std::uint64_t groups() const { return groups_.load(std::memory_order_relaxed); }

 private:
  struct Request {
    std::vector<PartitionBatch> parts;
    Change change;     ///< set: instead of parts
    bool sync = true;  ///< only for changes
    Completer<Status> done;
  };

  void Submit(Request request);
  void Loop();
  std::vector<Request> TakeGroup();
  void CommitAll(std::vector<Request> requests);
  Status Admit(const Request& request, Status& space);
  Status Stage(Request& request, CommitGroup& group);
  Status WriteGroup(CommitGroup& group, bool sync);
  Status TimedWrite(CommitGroup& group, bool sync);
  Status OnWriteFailed(const Error& error, const GroupEffects& effects);
  Status ResumeIfStalled();
  void ResumeIfHindered();
  void TrimBallast();

  using Clock = std::chrono::steady_clock;

  CatalogDb& db_;
  RowCache& rows_;
  Segments& segments_;
  Places& places_;
  GarbageQueue& garbage_;
  LoggedExtents& logged_;
  StoreState& state_;
  CommitMark& mark_;
  Ballast& ballast_;
  std::atomic<std::uint64_t> partition_limit_{1};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> groups_{0};

  // Committer thread only.
  bool stalled_ = false;           ///< RocksDB stopped for want of space
  std::vector<Garbage> doubtful_;  ///< landed by groups that may or may not be in its log
  bool hindered_ = false;          ///< RocksDB found no space for work in the background
  Clock::time_point next_resume_;  ///< of that work
  Clock::time_point next_refill_;  ///< of the ballast

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Request> queue_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace blobgate::engine
