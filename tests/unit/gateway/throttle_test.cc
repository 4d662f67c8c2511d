#include "gateway/throttle.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace blobgate::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = RateMeter::Clock;

const Clock::time_point kStart = Clock::time_point(1000h);

std::string RetryAfter(const azure::Error& error) {
  for (const auto& [name, value] : error.headers()) {
    if (name == "Retry-After") return value;
  }
  return "none";
}

TEST(RateMeter, LetsASecondsWorthInAtOnceAndThenTheRate) {
  RateMeter meter;
  int taken = 0;
  while (meter.Take(1, 10, kStart) == 0ns) ++taken;
  EXPECT_EQ(taken, 10);
  for (int tenth = 1; tenth <= 100; ++tenth) {
    const auto now = kStart + tenth * 100ms;
    EXPECT_EQ(meter.Take(1, 10, now), 0ns) << tenth;
    EXPECT_GT(meter.Take(1, 10, now), 0ns) << tenth;
  }
}

TEST(RateMeter, UnusedTimeIsNotSaved) {
  RateMeter meter;
  EXPECT_EQ(meter.Take(1, 10, kStart), 0ns);
  int taken = 0;
  while (meter.Take(1, 10, kStart + 1h) == 0ns) ++taken;
  EXPECT_EQ(taken, 10);
}

TEST(RateMeter, ALargeAmountIsTakenAndEarnedAfterwards) {
  RateMeter meter;
  EXPECT_EQ(meter.Take(1000, 100, kStart), 0ns);
  EXPECT_GT(meter.Take(1, 100, kStart), 8s);
  EXPECT_GT(meter.Take(1, 100, kStart + 8900ms), 0ns);
  EXPECT_EQ(meter.Take(1, 100, kStart + 9001ms), 0ns);
}

TEST(RateMeter, TheWaitItTellsIsLongEnough) {
  RateMeter meter;
  meter.Charge(777, 100, kStart);
  const auto wait = meter.Wait(kStart);
  EXPECT_GT(wait, 6s);
  EXPECT_GT(meter.Wait(kStart + wait - 1ns), 0ns);
  EXPECT_EQ(meter.Wait(kStart + wait), 0ns);
}

TEST(RateMeter, HugeAmountsDoNotOverflow) {
  RateMeter meter;
  for (int i = 0; i < 100; ++i) {
    meter.Charge(std::numeric_limits<std::uint64_t>::max(), 1, kStart);
  }
  EXPECT_LE(meter.Wait(kStart), 24h);
  EXPECT_GT(meter.Wait(kStart), 23h);
}

TEST(RateMeter, ThreadsTogetherGetTheRate) {
  RateMeter meter;
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        if (meter.Take(1, 1000, kStart) == 0ns) ++taken;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(taken, 1000);
}

TEST(AccountThrottle, WithoutRatesEverythingIsAdmitted) {
  AccountThrottle throttle;
  throttle.Sent({}, 1ull << 60, kStart);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(throttle.Admit({}, 1ull << 60, kStart));
}

TEST(AccountThrottle, SaysWhichRateAndWhenToComeAgain) {
  AccountThrottle throttle;
  const AccountRates rates{.requests = 1000, .ingress_bytes = 100, .egress_bytes = 1 << 20};
  EXPECT_TRUE(throttle.Admit(rates, 500, kStart));
  const auto ingress = throttle.Admit(rates, 1, kStart);
  ASSERT_FALSE(ingress);
  EXPECT_EQ(ingress.error().code, azure::ErrorCode::kServerBusy);
  EXPECT_EQ(ingress.error().message(), "Ingress is over the account limit.");
  EXPECT_EQ(RetryAfter(ingress.error()), "5");
  EXPECT_TRUE(throttle.Admit(rates, 0, kStart)) << "a read takes no ingress";
  throttle.Sent(rates, 10 << 20, kStart);
  const auto egress = throttle.Admit(rates, 0, kStart);
  ASSERT_FALSE(egress);
  EXPECT_EQ(egress.error().message(), "Egress is over the account limit.");
  EXPECT_TRUE(throttle.Admit(rates, 0, kStart + 10s));
}

TEST(AccountThrottle, RequestsAreCounted) {
  AccountThrottle throttle;
  const AccountRates rates{.requests = 2};
  EXPECT_TRUE(throttle.Admit(rates, 0, kStart));
  EXPECT_TRUE(throttle.Admit(rates, 0, kStart));
  const auto refused = throttle.Admit(rates, 0, kStart);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "Operations per second is over the account limit.");
  EXPECT_EQ(RetryAfter(refused.error()), "1");
}

}  // namespace
}  // namespace blobgate::gateway
