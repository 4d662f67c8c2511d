// What an account stores and may store: its capacity quota.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "azure/errors.h"

namespace blobgate::operations {

/// The bytes of content that one account stores: what the last count of its rows found
/// (CountContent), and what requests wrote since that count began. What is deleted shows with the
/// next count. So the figure is never less than what is stored, as long as nothing is hidden from a
/// count by being renamed while it runs. Lives as long as the account, whatever its settings; in
/// memory only. Any thread.
class AccountCapacity {
 public:
  using Clock = std::chrono::steady_clock;

  /// Bytes, those of requests that are still at it among them. nullopt: not counted yet.
  std::optional<std::uint64_t> Used() const;

  /// Makes room for `bytes`; false: there would be more than `quota`. Until the first count there
  /// always is room.
  bool Take(std::uint64_t bytes, std::uint64_t quota);
  /// What was taken is not stored after all.
  void GiveBack(std::uint64_t bytes);
  /// It is stored. After the commit, so that a count which began before it and missed it is made
  /// up for.
  void Keep(std::uint64_t bytes);

  /// Never counted; or something was refused since the last count; or that is an hour ago. Counts
  /// take a twentieth of the time at most.
  bool IsCountDue(Clock::time_point now) const;
  /// One count at a time.
  void BeginCount(Clock::time_point now);
  void EndCount(std::uint64_t bytes, Clock::time_point now);
  /// There is no quota any more, and nobody tells what is written.
  void Forget();

 private:
  mutable std::mutex mutex_;
  std::optional<std::uint64_t> counted_;
  std::uint64_t written_ = 0;        ///< since the count began that `counted_` is of
  std::uint64_t written_since_ = 0;  ///< since the count began that runs
  std::uint64_t taken_ = 0;          ///< by requests that run
  bool refused_ = false;             ///< something, since the last count began
  Clock::time_point began_;          ///< the last count
  Clock::time_point ended_;
};

/// What one request is about to store. Given back when it ends, unless it was kept. One thread at a
/// time.
class CapacityClaim {
 public:
  /// Of an account without a quota, or of none.
  CapacityClaim() = default;
  /// `quota` in bytes; 0: none.
  CapacityClaim(std::shared_ptr<AccountCapacity> account, std::uint64_t quota)
      : account_(quota == 0 ? nullptr : std::move(account)), quota_(quota) {}
  CapacityClaim(CapacityClaim&& other) noexcept { *this = std::move(other); }
  CapacityClaim& operator=(CapacityClaim&& other) noexcept;
  ~CapacityClaim() { GiveBack(); }

  /// The request stores `bytes` in all, what it claimed before among them. 507
  /// CapacityQuotaExceeded when the account has no room for that; the claim is then what it was.
  azure::Outcome<void> Claim(std::uint64_t bytes);
  /// They are stored. Nothing is claimed afterwards.
  void Keep();

 private:
  void GiveBack();

  std::shared_ptr<AccountCapacity> account_;
  std::uint64_t quota_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace blobgate::operations
