#include "bench/schedule.h"

#include <gtest/gtest.h>

#include <set>

namespace blobgate::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

const Instant kStart{seconds(1000)};

TEST(Schedule, IsEvenlySpaced) {
  Schedule schedule(1000, 0, 1, kStart);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(schedule.next(), kStart + milliseconds(i));
    schedule.Advance();
  }
}

TEST(Schedule, IsDealtToWorkersWithoutGapsOrDoubles) {
  std::set<Instant> due;
  for (unsigned worker = 0; worker < 3; ++worker) {
    Schedule schedule(100, worker, 3, kStart);
    for (int i = 0; i < 10; ++i) {
      EXPECT_TRUE(due.insert(schedule.next()).second);
      schedule.Advance();
    }
  }
  ASSERT_EQ(due.size(), 30u);
  EXPECT_EQ(*due.begin(), kStart);
  EXPECT_EQ(*due.rbegin(), kStart + milliseconds(290));
}

// Rounding does not add up: the request after a minute is due after a minute.
TEST(Schedule, KeepsItsRate) {
  Schedule schedule(30'000, 0, 1, kStart);
  for (int i = 0; i < 30'000 * 60; ++i) schedule.Advance();
  EXPECT_LE(schedule.next() - (kStart + seconds(60)), nanoseconds(1));
  EXPECT_GE(schedule.next() - (kStart + seconds(60)), nanoseconds(-1));
}

TEST(Schedule, CountsWhatWasNotTaken) {
  Schedule schedule(1000, 1, 2, kStart);  // due at 1, 3, 5, ... ms
  EXPECT_EQ(schedule.LeftBefore(kStart + milliseconds(10)), 5u);
  schedule.Advance();
  schedule.Advance();
  EXPECT_EQ(schedule.LeftBefore(kStart + milliseconds(10)), 3u);
  EXPECT_EQ(schedule.LeftBefore(kStart), 0u);
}

}  // namespace
}  // namespace blobgate::bench
