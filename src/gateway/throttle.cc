#include "gateway/throttle.h"

#include <algorithm>
#include <string>

namespace blobgate::gateway {
namespace {

using std::chrono::nanoseconds;

/// A debt does not grow beyond this, so that no sum of times overflows.
constexpr nanoseconds kLongestDebt = std::chrono::hours(24);

nanoseconds CostOf(std::uint64_t amount, std::uint64_t rate) {
  const double seconds = static_cast<double>(amount) / static_cast<double>(rate);
  const double longest = std::chrono::duration<double>(kLongestDebt).count();
  return std::chrono::duration_cast<nanoseconds>(
      std::chrono::duration<double>(std::min(seconds, longest)));
}

std::int64_t Ticks(RateMeter::Clock::time_point time) {
  return std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count();
}

std::int64_t Later(std::int64_t earned_at, nanoseconds cost, std::int64_t now) {
  const std::int64_t from = std::max(earned_at, now);
  return std::min(from + cost.count(), now + kLongestDebt.count());
}

std::unexpected<azure::Error> Busy(const char* message, nanoseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
  const auto shown = std::max<std::int64_t>(1, seconds.count());
  return azure::Fail(azure::Error(azure::ErrorCode::kServerBusy)
                         .WithMessage(message)
                         .WithHeader("Retry-After", std::to_string(shown)));
}

}  // namespace

nanoseconds RateMeter::Wait(Clock::time_point now) const {
  const std::int64_t free_at = Ticks(now) + kBurst.count();
  const std::int64_t earned_at = earned_at_.load(std::memory_order_relaxed);
  return nanoseconds(earned_at < free_at ? 0 : earned_at - free_at + 1);
}

nanoseconds RateMeter::Take(std::uint64_t amount, std::uint64_t rate, Clock::time_point now) {
  const nanoseconds cost = CostOf(amount, rate);
  const std::int64_t free_at = Ticks(now) + kBurst.count();
  std::int64_t earned_at = earned_at_.load(std::memory_order_relaxed);
  do {
    if (earned_at >= free_at) return nanoseconds(earned_at - free_at + 1);
  } while (!earned_at_.compare_exchange_weak(earned_at, Later(earned_at, cost, Ticks(now)),
                                             std::memory_order_relaxed));
  return nanoseconds(0);
}

void RateMeter::Charge(std::uint64_t amount, std::uint64_t rate, Clock::time_point now) {
  const nanoseconds cost = CostOf(amount, rate);
  std::int64_t earned_at = earned_at_.load(std::memory_order_relaxed);
  while (!earned_at_.compare_exchange_weak(earned_at, Later(earned_at, cost, Ticks(now)),
                                           std::memory_order_relaxed)) {
  }
}

azure::Outcome<void> AccountThrottle::Admit(const AccountRates& rates, std::uint64_t body_bytes,
                                            RateMeter::Clock::time_point now) {
  if (rates.egress_bytes > 0) {
    const nanoseconds wait = egress_.Wait(now);
    if (wait.count() > 0) return Busy("Egress is over the account limit.", wait);
  }
  if (rates.requests > 0) {
    const nanoseconds wait = requests_.Take(1, rates.requests, now);
    if (wait.count() > 0) return Busy("Operations per second is over the account limit.", wait);
  }
  if (rates.ingress_bytes > 0 && body_bytes > 0) {
    const nanoseconds wait = ingress_.Take(body_bytes, rates.ingress_bytes, now);
    if (wait.count() > 0) return Busy("Ingress is over the account limit.", wait);
  }
  return {};
}

void AccountThrottle::Sent(const AccountRates& rates, std::uint64_t bytes,
                           RateMeter::Clock::time_point now) {
  if (rates.egress_bytes > 0) egress_.Charge(bytes, rates.egress_bytes, now);
}

}  // namespace blobgate::gateway
