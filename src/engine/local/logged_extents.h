// Short extents whose content rides in the catalog's log, so that one sync makes content and row
// durable.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "engine/local/catalog_db.h"
#include "engine/local/extent_format.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {

class Committer;
class SegmentAppender;

/// A short extent is written to its segment and not synced. The batch that acquires it puts its
/// content under `w/` and its place; the sync of the log makes both durable, and the next start
/// writes to the segment what is there (RedoLogged). Some time later the segment is synced, for
/// many extents at once, and the rows go. Thread-safe; one thread of its own. The references must
/// outlive it.
class LoggedExtents {
 public:
  /// Content up to this many bytes is logged. It has no trailer.
  static constexpr std::uint64_t kLongest = kChunk;
  /// So much may wait for its segment to be synced, about, bytes.
  static constexpr std::uint64_t kMostWaiting = 8 * 1024 * 1024;

  /// Nothing waits longer than `longest_wait`, about.
  explicit LoggedExtents(std::chrono::milliseconds longest_wait) : longest_wait_(longest_wait) {}
  ~LoggedExtents() { Stop(); }
  LoggedExtents(const LoggedExtents&) = delete;
  LoggedExtents& operator=(const LoggedExtents&) = delete;

  /// After recovery. The committer outlives the thread.
  void Start(Committer& committer);
  /// Syncs what waits and ends the thread; nothing commits any more.
  void Stop();

  /// The extent at `place` was written: `content`, its first `length` bytes, is kept until it
  /// landed or was forgotten.
  void Hold(const Place& place, std::shared_ptr<const AlignedBuffer> content, std::uint64_t length,
            std::shared_ptr<SegmentAppender> appender);
  /// Its content, while it is held. Committer thread: good until Landed or Forget.
  std::optional<std::string_view> ContentOf(const Place& place) const;
  /// A group with their content is durable. Places that are not held do not matter.
  void Landed(const std::vector<Garbage>& landed);
  /// It was discarded, or its group failed.
  void Forget(const Place& place);

  /// Syncs what landed before the call, and takes its rows away, if the disk has room for that.
  /// Blocks. Not from the committer thread.
  void Settle();

 private:
  using Clock = std::chrono::steady_clock;
  struct Held {
    std::shared_ptr<const AlignedBuffer> content;
    std::uint64_t length = 0;
    std::shared_ptr<SegmentAppender> appender;
  };
  struct Waiting {
    Place place;
    std::shared_ptr<SegmentAppender> appender;
  };

  void Loop();
  Status SyncAndDrop(const std::vector<Waiting>& extents);
  void Defer(const std::vector<Waiting>& extents);

  const std::chrono::milliseconds longest_wait_;
  Committer* committer_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<Place, Held, PlaceHash> held_;
  std::vector<Waiting> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  Clock::time_point oldest_;   ///< of waiting_
  std::uint64_t wanted_ = 0;   ///< rounds that Settle asked for
  std::uint64_t settled_ = 0;  ///< rounds done
  bool stop_ = false;
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

/// For a start after a crash: what the log has is in its segment, durably, afterwards. The rows
/// stay; DropLoggedRows takes them away. May be cut short and repeated.
Status RedoLogged(CatalogDb& db, const SegmentPaths& paths);
Status DropLoggedRows(CatalogDb& db, Committer& committer);

}  // namespace blobgate::engine
