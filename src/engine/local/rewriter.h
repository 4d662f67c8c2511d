// Empties segments of which little is live, so that their files can go.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "engine/local/committer.h"
#include "engine/local/extent_copier.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/pacer.h"
#include "engine/local/segment_allocator.h"
#include "engine/local/segment_contents.h"
#include "engine/local/segment_file.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

/// How much is rewritten, and when.
struct RewritePolicy {
  std::uint64_t bytes_per_second = 0;  ///< copied on average; 0: nothing by itself
  unsigned live_percent = 30;          ///< of a segment's size; those with less are rewritten
};

/// The space of dead extents comes back without it, as holes. What it saves is files, and their
/// scattered remains: so it takes its time, a quarter of its rate while requests move more than it
/// may, and nothing happens while the disk is nearly full.
///
/// Live extents are copied, a batch at a time, to the allocator's segment for moved ones; when the
/// copies are durable one commit gives the extents their new places and turns the old ones into
/// garbage. A crash before the commit leaves copies that nothing names, one after it garbage: both
/// are what recovery knows. An emptied segment is the reclaimer's to delete. The references must
/// outlive it.
class Rewriter {
 public:
  struct Parts {
    CatalogDb& db;
    const SegmentPaths& paths;
    Segments& segments;
    SegmentAllocator& allocator;
    GarbageQueue& garbage;
    Committer& committer;
    StoreState& state;
  };

  /// Starts the thread unless the policy says never.
  Rewriter(Parts parts, RewritePolicy policy);
  ~Rewriter() { Stop(); }
  Rewriter(const Rewriter&) = delete;
  Rewriter& operator=(const Rewriter&) = delete;

  /// Ends the thread after the piece at hand.
  void Stop();

  /// Rewrites one segment, without pauses if `at_once`. False when none qualifies, or it has to
  /// wait. Blocks; any thread.
  bool RewriteOne(bool at_once);

  /// Segments with less than so much live are rewritten at present.
  unsigned Percent() const;

  std::uint64_t segments_rewritten() const { return rewritten_.load(std::memory_order_relaxed); }
  std::uint64_t bytes_moved() const { return moved_.load(std::memory_order_relaxed); }

 private:
  struct Copy {
    Move move;
    std::uint64_t stored = 0;
    bool moved = false;
  };
  using Copies = std::vector<Copy>;

  /// An extent to be moved, as its row has it.
  struct Source {
    ExtentRef ref;
    Place place;
  };
  /// What is moved together.
  struct Selection {
    std::vector<Source> sources;
    ReadGuard pin;  ///< keeps their bytes, and nothing else, on the disk
  };

  void Loop();
  bool stopped();
  bool GoOn(std::uint64_t bytes);
  std::uint64_t Cost(std::uint64_t bytes);
  bool MayWork(std::uint64_t live) const;
  std::optional<Segments::Sparse> Take();
  Status Rewrite(const Segments::Sparse& sparse);
  Result<std::uint64_t> LiveBytesOf(std::uint64_t segment) const;
  Status MoveAll(const Segments::Sparse& sparse);
  Result<Selection> Select(const std::vector<Resident>& residents, std::size_t& next) const;
  Result<std::optional<Source>> Find(const Resident& resident) const;
  Result<Copies> CopyAll(const SegmentFile& file, const Selection& selection);
  Result<Copy> CopyOne(const SegmentFile& file, const Source& source,
                       std::set<std::shared_ptr<SegmentAppender>>& written);
  Status Commit(Copies copies);
  void Abandon(const Copies& copies);

  const Parts parts_;
  const RewritePolicy policy_;
  std::atomic<std::uint64_t> rewritten_{0};
  std::atomic<std::uint64_t> moved_{0};

  using Clock = std::chrono::steady_clock;

  Pacer pacer_;
  std::mutex working_;  ///< held while a segment is rewritten; guards all up to mutex_
  ExtentCopier copier_;
  std::set<std::uint64_t> unfit_;  ///< segments that cannot be emptied
  bool at_once_ = false;
  bool busy_ = false;            ///< requests moved more than may be copied when it looked last
  std::uint64_t requested_ = 0;  ///< by requests until then
  Clock::time_point looked_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stop_ = false;  ///< guarded by mutex_
  std::thread thread_;
};

}  // namespace blobgate::engine
