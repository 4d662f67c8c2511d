// Short extents whose content rides in the catalog's log, so that one sync makes content and row
// durable.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "engine/local/catalog_db.h"
#include "engine/local/extent_format.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/segment_file.h"
#include "engine/local/store_state.h"

namespace blobgate::engine {

class Ballast;
class Committer;
class SegmentAppender;

/// A short extent has a place in a segment, and its content stays in memory. The batch that
/// acquires it puts the content under `w/` and its place; the sync of the log makes both durable,
/// and the next start writes to the segment what is there (RedoLogged). Some time later the content
/// of many extents is written and synced at once, and the rows go. Until then readers find it here,
/// and nothing else may expect it in the segment: Settle before that is sealed. Thread-safe; one
/// thread of its own. The references must outlive it.
class LoggedExtents {
 public:
  /// Content up to this many bytes is logged. It has no trailer.
  static constexpr std::uint64_t kLongest = kChunk;
  /// So much may wait for its segment, about, bytes.
  static constexpr std::uint64_t kMostWaiting = 8 * 1024 * 1024;
  /// Beyond so much, that is written at the moment and what is not committed yet included, nothing
  /// more should come, bytes.
  static constexpr std::uint64_t kMostHeld = 3 * kMostWaiting;

  /// Nothing waits longer than `longest_wait`, about.
  LoggedExtents(StoreState& state, std::chrono::milliseconds longest_wait)
      : state_(state), longest_wait_(longest_wait) {}
  ~LoggedExtents() { Stop(); }
  LoggedExtents(const LoggedExtents&) = delete;
  LoggedExtents& operator=(const LoggedExtents&) = delete;

  /// After recovery. The committer outlives the thread.
  void Start(Committer& committer);
  /// Writes what waits and ends the thread; nothing commits any more.
  void Stop();

  /// False: a further extent should go to its segment at once.
  bool HasRoom() const { return held_bytes_.load(std::memory_order_relaxed) < kMostHeld; }
  /// Takes over the extent at `place`: `content`, whose first `length` bytes it is, padded with
  /// zeros, and its claim on the disk's space (StoreState::Claim).
  void Hold(const Place& place, std::shared_ptr<const AlignedBuffer> content, std::uint64_t length,
            std::shared_ptr<SegmentAppender> appender);
  /// Its content, or nullopt when it is in the segment. Not verified.
  std::optional<SharedBytes> Find(const Place& place) const;
  /// A group with their content is durable. Places that are not held do not matter.
  void Landed(const std::vector<Garbage>& landed);
  /// It was discarded before it landed.
  void Forget(const Place& place);
  /// They are about to be taken off the disk, and nobody reads them: they are not written any more.
  /// Waits while they are. Blocks.
  void Abandon(const std::vector<Garbage>& garbage);

  /// Writes and syncs what landed before the call, and takes its rows away. False: some of it
  /// cannot be written, and still waits; shortly after that happened nothing is tried. Blocks. Not
  /// from the committer thread.
  bool Settle();
  /// Some of the segment's content is not written yet.
  bool HasOf(std::uint64_t segment) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Held {
    std::shared_ptr<const AlignedBuffer> content;
    std::uint64_t length = 0;
    std::shared_ptr<SegmentAppender> appender;
    bool writing = false;  ///< Write has a copy
  };
  using HeldMap = std::unordered_map<Place, Held, PlaceHash>;
  using Extents = std::vector<std::pair<Place, Held>>;

  void Loop();
  std::vector<Place> WriteAndDrop(std::vector<Place> places);
  std::map<SegmentAppender*, Extents> TakeForWriting(std::vector<Place>& places);
  static Status Write(SegmentAppender& appender, const Extents& extents);
  Status DropRows(std::span<const Place> places);
  void EndWriting(const Extents& extents, bool done);
  void Defer(const std::vector<Place>& places);
  Held Remove(HeldMap::iterator found);

  StoreState& state_;
  const std::chrono::milliseconds longest_wait_;
  Committer* committer_ = nullptr;
  std::atomic<std::uint64_t> held_bytes_{0};  ///< of the disk, of what is held_
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  HeldMap held_;
  std::vector<Place> waiting_;  ///< landed; some of them may be gone from held_
  std::uint64_t waiting_bytes_ = 0;
  Clock::time_point oldest_;                 ///< of waiting_
  std::uint64_t wanted_ = 0;                 ///< rounds that Settle asked for
  std::uint64_t settled_ = 0;                ///< rounds done
  std::optional<Clock::time_point> failed_;  ///< when something could not be written
  bool stop_ = false;
  bool ended_ = false;  ///< no further round comes
  std::thread thread_;
};

/// Content of a referenced extent that may not be in its segment yet.
struct LoggedContent {
  Place place;
  std::string_view content;
};

/// Visits the rows that stand for extents which are referenced and lie where they were born; the
/// others are left over. Errors: what reading the catalog says, and the visitor's first.
Status ForEachLogged(CatalogDb& db, const std::function<Status(const LoggedContent&)>& visit);

/// For a start after a crash: what the log has is in its segment, durably, afterwards; on a full
/// disk at the cost of the ballast. `is_active` of a segment: others have it since they were
/// sealed, and may be shared with a snapshot. The rows stay; DropLoggedRows takes them away once
/// the store is known to be whole. May be cut short and repeated. Errors: kCorruption when a
/// segment is missing.
Status RedoLogged(CatalogDb& db, const SegmentPaths& paths,
                  const std::function<bool(std::uint64_t)>& is_active, Ballast& ballast);
Status DropLoggedRows(CatalogDb& db, Committer& committer);

}  // namespace blobgate::engine
