// What every part of the local engine shares about its health.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/local/sync_figures.h"

namespace blobgate::engine {

class Disk;

/// Thread-safe.
class StoreState {
 public:
  StoreState(Disk& disk, std::string data_dir, std::uint64_t reserve_bytes)
      : disk_(disk), data_dir_(std::move(data_dir)), reserve_(reserve_bytes) {}

  /// Ends writing until restart: after a failed sync nobody knows what reached the disk, and
  /// trying again may report success for bytes that are lost. Logs the first reason.
  void FailForever(std::string_view reason);
  bool read_only() const { return read_only_.load(std::memory_order_acquire); }

  /// OK, or kReadOnly with the reason.
  Status CheckWritable() const;
  /// OK, or kNoSpace unless `bytes` more, besides what was claimed, leave the reserve untouched.
  Status CheckSpace(std::uint64_t bytes) const;
  /// OK, or kNoSpace when the reserve is touched. For what takes next to nothing: room promised to
  /// uploads that still run must not fail the commits of those that are done.
  Status CheckReserve() const;
  std::uint64_t FreeBytes() const;
  std::uint64_t reserve() const { return reserve_; }

  /// Bytes promised to writers and not yet written.
  void Claim(std::uint64_t bytes) { claimed_ += bytes; }
  void Unclaim(std::uint64_t bytes) { claimed_ -= bytes; }

  /// A request read or wrote `bytes` of segments. What it costs the disk to get there counts too.
  void NoteRequest(std::uint64_t bytes) {
    requested_.fetch_add(bytes + kRequestCost, std::memory_order_relaxed);
  }
  /// All of that since the start.
  std::uint64_t requested() const { return requested_.load(std::memory_order_relaxed); }

  /// Counts and logs bytes that do not match their checksum; answers the error to give.
  Error Corruption(std::string what);
  SyncFigures& syncs() { return syncs_; }
  const SyncFigures& syncs() const { return syncs_; }

  std::uint64_t corruptions() const { return corruptions_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t kRequestCost = 64 * 1024;  ///< bytes

  Disk& disk_;
  const std::string data_dir_;
  const std::uint64_t reserve_;
  std::atomic<bool> read_only_{false};
  std::atomic<std::uint64_t> claimed_{0};
  std::atomic<std::uint64_t> corruptions_{0};
  std::atomic<std::uint64_t> requested_{0};
  SyncFigures syncs_;
  mutable std::mutex mutex_;
  std::string reason_;  ///< guarded by mutex_
};

}  // namespace blobgate::engine
