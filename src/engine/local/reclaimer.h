// Gives the space of dead extents back, and seals or deletes segments.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <thread>
#include <vector>

#include "engine/local/committer.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/logged_extents.h"
#include "engine/local/segment_file.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

/// One thread. The references must outlive it. Does nothing once the store is read-only: what the
/// disk holds then is left to the next start.
class Reclaimer {
 public:
  /// `forget` is called with a segment before its file is unlinked.
  Reclaimer(const SegmentPaths& paths, Segments& segments, Places& places, GarbageQueue& garbage,
            LoggedExtents& logged, Committer& committer, StoreState& state,
            std::function<void(std::uint64_t)> forget);
  ~Reclaimer() { Stop(); }
  Reclaimer(const Reclaimer&) = delete;
  Reclaimer& operator=(const Reclaimer&) = delete;

  /// Bytes given back to the file system since the start, and the holes punched for it.
  std::uint64_t reclaimed_bytes() const { return reclaimed_.load(std::memory_order_relaxed); }
  std::uint64_t holes() const { return holes_.load(std::memory_order_relaxed); }

  /// Does what can be done now and ends the thread.
  void Stop();

 private:
  using Extents = std::vector<Garbage>;

  void Loop();
  void Reclaim(std::uint64_t segment, Extents extents);
  void Defer(std::uint64_t segment, Extents extents);
  void RetryDeferred();
  Status Punch(std::uint64_t segment, const Extents& extents);
  void DropRows(const Extents& extents);
  bool Delete(std::uint64_t segment, const Extents& extents);
  void DeleteEmpty();
  void SealFull();
  Status Seal(const Segments::Sealable& full);

  const SegmentPaths& paths_;
  Segments& segments_;
  Places& places_;
  GarbageQueue& garbage_;
  LoggedExtents& logged_;
  Committer& committer_;
  StoreState& state_;
  const std::function<void(std::uint64_t)> forget_;
  std::map<std::uint64_t, Extents> deferred_;  ///< in segments that a snapshot shares
  std::chrono::steady_clock::time_point retried_{};
  Extents failed_;  ///< could not be taken off the disk, and are tried again with the next
  std::atomic<std::uint64_t> reclaimed_{0};
  std::atomic<std::uint64_t> holes_{0};
  std::thread thread_;
};

}  // namespace blobgate::engine
