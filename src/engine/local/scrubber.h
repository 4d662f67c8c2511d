// Reads everything that is stored, slowly and again and again, to find what the disk lost.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "engine/local/catalog_rows.h"
#include "engine/local/committer.h"
#include "engine/local/extent_verifier.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/logged_extents.h"
#include "engine/local/pacer.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {

/// How far scrubbing came; the catalog keeps it, so that a restart goes on where it was.
struct ScrubProgress {
  Place next;                 ///< the pass goes on with the first extent born at or behind this
  std::int64_t began = 0;     ///< seconds since 1970, of the pass; 0: there was none
  std::int64_t ended = 0;     ///< of the last complete pass; 0: there was none
  std::uint64_t damaged = 0;  ///< extents, in the pass; after it, in the last one
  bool running = false;       ///< a pass has begun and is not complete
  std::uint64_t bytes = 0;    ///< read in the pass; after it, in the last one

  std::string Encode() const;
  static std::optional<ScrubProgress> Decode(std::string_view in);
};

/// One thread of low priority. A pass looks at every extent that has a reference when its turn
/// comes, past the page cache, and logs and counts what does not match. Damage changes nothing.
/// The references must outlive it.
class Scrubber {
 public:
  /// `bytes_per_second` above 0: how fast it reads. A pass begins `interval` after the last began.
  Scrubber(CatalogDb& db, const SegmentPaths& paths, GarbageQueue& garbage,
           const LoggedExtents& logged, Committer& committer, std::uint64_t bytes_per_second,
           std::chrono::seconds interval);
  ~Scrubber() { Stop(); }
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  /// A pass begins at once, or after the one that is running.
  void Request();
  /// Blocks until a pass that began after the call is complete; false when Stop came first.
  bool RunPass();
  /// Remembers where it is and ends the thread. The committer must still run.
  void Stop();

  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }  ///< since start
  ScrubProgress progress() const;

 private:
  void Loop();
  bool WaitUntilDue();
  void Pass();
  bool VerifyFrom(ExtentVerifier& verifier);
  bool VerifyOne(ExtentVerifier& verifier, const Place& birth);
  std::vector<Place> NextExtents(const Place& from);
  void Advance(const Place& next);
  void Save();

  CatalogDb& db_;
  const SegmentPaths& paths_;
  GarbageQueue& garbage_;
  const LoggedExtents& logged_;
  Committer& committer_;
  const std::chrono::seconds interval_;
  Pacer pacer_;
  std::atomic<std::uint64_t> bytes_{0};
  std::chrono::steady_clock::time_point saved_{};  ///< scrub thread only

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ScrubProgress progress_;
  bool requested_ = false;
  bool stop_ = false;
  std::uint64_t begun_ = 0;     ///< passes since start, count
  std::uint64_t complete_ = 0;  ///< the last of them that is complete
  std::thread thread_;
};

}  // namespace blobgate::engine
