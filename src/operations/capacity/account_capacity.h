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
/// count by being renamed while it runs. Lives as long as the account has a quota; in memory only.
/// Any thread.
class AccountCapacity {
 public:
  using Clock = std::chrono::steady_clock;

  /// Bytes, those of requests that are still at it among them. nullopt: not counted yet.
  std::optional<std::uint64_t> Used() const;

  /// Makes room for `bytes`; false: there would be more than `quota`. Until the first count that is
  /// what was written since the account got it, or the daemon was started.
  bool Take(std::uint64_t bytes, std::uint64_t quota);
  /// The same for what was promised already: there may be more than the quota afterwards.
  void TakeAnyway(std::uint64_t bytes);
  /// What was taken is not stored after all.
  void GiveBack(std::uint64_t bytes);
  /// It is stored. After the commit, so that a count which began before it and missed it is made
  /// up for.
  void Keep(std::uint64_t bytes);

  /// Never counted; or something was refused since the last count; or so much was written that half
  /// of the room it left of `quota` may be gone, part of which only replaced other content; or it
  /// is an hour ago. Counts take a twentieth of the time at most.
  bool IsCountDue(Clock::time_point now, std::uint64_t quota) const;
  /// One count at a time.
  void BeginCount(Clock::time_point now);
  void EndCount(std::uint64_t bytes, Clock::time_point now);
  /// It came to nothing, and is due again after its rest.
  void FailCount(Clock::time_point now);

 private:
  std::uint64_t Sum() const { return counted_.value_or(0) + written_ + taken_; }

  mutable std::mutex mutex_;
  std::optional<std::uint64_t> counted_;
  std::uint64_t written_ = 0;        ///< since the count began that `counted_` is of
  std::uint64_t written_since_ = 0;  ///< since the count began that runs
  std::uint64_t taken_ = 0;          ///< by requests that run
  bool refused_ = false;             ///< something, since the last count began
  bool tried_ = false;               ///< a count ended or failed
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
  /// The same without a refusal, for what the account was promised before.
  void ClaimAnyway(std::uint64_t bytes);
  /// They are stored. Nothing is claimed afterwards.
  void Keep();

 private:
  void GiveBack();

  std::shared_ptr<AccountCapacity> account_;
  std::uint64_t quota_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace blobgate::operations
