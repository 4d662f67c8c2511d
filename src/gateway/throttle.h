// The rates that an account may ask for, and what is left of them at the moment.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include "azure/errors.h"

namespace blobgate::gateway {

/// Per second; 0: as much as there is.
struct AccountRates {
  std::uint64_t requests = 0;
  std::uint64_t ingress_bytes = 0;
  std::uint64_t egress_bytes = 0;
};

/// How much of one rate is used, by the generic cell rate algorithm (ITU-T I.371): one number, the
/// time at which what was taken so far will have been earned. It may lie a second ahead, so that
/// one second's worth can be taken at once. Lock-free; any thread.
class RateMeter {
 public:
  using Clock = std::chrono::steady_clock;
  using Nanoseconds = std::chrono::nanoseconds;

  /// How long until something can be taken again; zero: now.
  Nanoseconds Wait(Clock::time_point now) const;
  /// Takes `amount`, be it ever so large, if something can be taken; else says how long that will
  /// be. REQUIRES: rate > 0.
  Nanoseconds Take(std::uint64_t amount, std::uint64_t rate, Clock::time_point now);
  /// Takes `amount` in any case.
  void Charge(std::uint64_t amount, std::uint64_t rate, Clock::time_point now);

 private:
  static constexpr Nanoseconds kBurst = std::chrono::seconds(1);
  /// Nanoseconds of the steady clock.
  std::atomic<std::int64_t> earned_at_{std::numeric_limits<std::int64_t>::min()};
};

/// Of one account. Any thread. It outlives changes of the rates.
class AccountThrottle {
 public:
  /// Before a request of `body_bytes` is done: takes it from the rates, or 503 ServerBusy with
  /// Azure's message and Retry-After (whole seconds, at least one). What a large body takes beyond
  /// a second's worth is earned before the next request is let in; so is what was sent.
  azure::Outcome<void> Admit(const AccountRates& rates, std::uint64_t body_bytes,
                             RateMeter::Clock::time_point now);
  /// After an answer was sent.
  void Sent(const AccountRates& rates, std::uint64_t bytes, RateMeter::Clock::time_point now);

 private:
  RateMeter requests_;
  RateMeter ingress_;
  RateMeter egress_;
};

}  // namespace blobgate::gateway
