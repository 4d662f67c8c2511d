#include "operations/capacity/account_capacity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace blobgate::operations {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class AccountCapacityTest : public testing::Test {
 protected:
  void Count(std::uint64_t bytes, seconds took = seconds(1)) {
    capacity->BeginCount(now);
    now += took;
    capacity->EndCount(bytes, now);
  }
  CapacityClaim NewClaim(std::uint64_t quota) { return {capacity, quota}; }

  AccountCapacity::Clock::time_point now{std::chrono::hours(1)};
  const std::shared_ptr<AccountCapacity> capacity = std::make_shared<AccountCapacity>();
};

TEST_F(AccountCapacityTest, UntilItIsCountedWhatIsWrittenHasABound) {
  CapacityClaim claim = NewClaim(1000);
  EXPECT_TRUE(claim.Claim(1000));
  EXPECT_EQ(capacity->Used(), std::nullopt);
  CapacityClaim other = NewClaim(1000);
  EXPECT_FALSE(other.Claim(1));
  Count(5);
  EXPECT_EQ(capacity->Used(), 1005);
  claim.Keep();
  EXPECT_EQ(capacity->Used(), 1005);
}

TEST_F(AccountCapacityTest, WhatWasPromisedIsTakenAnyway) {
  Count(8);
  CapacityClaim claim = NewClaim(10);
  claim.ClaimAnyway(5);
  claim.ClaimAnyway(5);
  EXPECT_EQ(capacity->Used(), 13);
  Count(8);
  EXPECT_EQ(capacity->Used(), 13) << "a count does not take it away";
  CapacityClaim other = NewClaim(10);
  EXPECT_FALSE(other.Claim(1));
  claim = CapacityClaim();
  EXPECT_EQ(capacity->Used(), 8);
}

TEST_F(AccountCapacityTest, ClaimsAreOfTheWholeRequest) {
  Count(0);
  CapacityClaim claim = NewClaim(10);
  EXPECT_TRUE(claim.Claim(4));
  EXPECT_TRUE(claim.Claim(4));
  EXPECT_TRUE(claim.Claim(3));
  EXPECT_EQ(capacity->Used(), 4);
  EXPECT_TRUE(claim.Claim(10));
  EXPECT_EQ(capacity->Used(), 10);
  const auto refused = claim.Claim(11);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, azure::ErrorCode::kCapacityQuotaExceeded);
  EXPECT_EQ(refused.error().message(), "The account is at its capacity quota of 10 bytes.");
  EXPECT_EQ(capacity->Used(), 10);
}

TEST_F(AccountCapacityTest, WhatIsNotKeptIsGivenBack) {
  Count(0);
  {
    CapacityClaim claim = NewClaim(10);
    ASSERT_TRUE(claim.Claim(7));
    CapacityClaim moved = std::move(claim);
    EXPECT_EQ(capacity->Used(), 7);
    CapacityClaim other = NewClaim(10);
    ASSERT_TRUE(other.Claim(1));
    other = std::move(moved);
    EXPECT_EQ(capacity->Used(), 7);
  }
  EXPECT_EQ(capacity->Used(), 0);
}

TEST_F(AccountCapacityTest, NothingOverflows) {
  Count(5);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  CapacityClaim claim = NewClaim(kMost - 1);
  EXPECT_FALSE(claim.Claim(kMost));
  EXPECT_FALSE(claim.Claim(kMost - 5));
  CapacityClaim full = NewClaim(4);
  EXPECT_FALSE(full.Claim(1));
}

TEST_F(AccountCapacityTest, NoQuotaTellsNothing) {
  Count(1);
  CapacityClaim claim = NewClaim(0);
  EXPECT_TRUE(claim.Claim(1000));
  claim.Keep();
  CapacityClaim none;
  EXPECT_TRUE(none.Claim(1000));
  none.Keep();
  EXPECT_EQ(capacity->Used(), 1);
}

TEST_F(AccountCapacityTest, WhenItIsCounted) {
  EXPECT_TRUE(capacity->IsCountDue(now, 10));
  Count(0, seconds(6));
  EXPECT_FALSE(capacity->IsCountDue(now + minutes(59), 10));
  EXPECT_TRUE(capacity->IsCountDue(now + minutes(60), 10));
  CapacityClaim claim = NewClaim(10);
  ASSERT_FALSE(claim.Claim(11));
  EXPECT_FALSE(capacity->IsCountDue(now + seconds(119), 10));
  EXPECT_TRUE(capacity->IsCountDue(now + seconds(120), 10));
  now += seconds(120);
  Count(0);
  EXPECT_FALSE(capacity->IsCountDue(now + minutes(59), 10));
}

// Who writes the same place again and again must not meet the quota before somebody looks.
TEST_F(AccountCapacityTest, CountedWhenHalfOfTheRoomMayBeGone) {
  Count(40);
  const auto rested = now + seconds(20);
  CapacityClaim claim = NewClaim(100);
  ASSERT_TRUE(claim.Claim(29));
  claim.Keep();
  EXPECT_FALSE(capacity->IsCountDue(rested, 100));
  ASSERT_TRUE(claim.Claim(1));
  claim.Keep();
  EXPECT_TRUE(capacity->IsCountDue(rested, 100));
  EXPECT_FALSE(capacity->IsCountDue(now + seconds(19), 100));
  EXPECT_TRUE(capacity->IsCountDue(rested, 30)) << "the quota was made smaller";
  now = rested;
  Count(40);
  EXPECT_FALSE(capacity->IsCountDue(now + seconds(20), 100));
}

TEST_F(AccountCapacityTest, ACountThatFailsRestsToo) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(capacity->IsCountDue(now, 10));
    capacity->BeginCount(now);
    now += seconds(6);
    capacity->FailCount(now);
    EXPECT_EQ(capacity->Used(), std::nullopt);
    EXPECT_FALSE(capacity->IsCountDue(now + seconds(119), 10));
    now += seconds(120);
  }
  Count(5);
  EXPECT_EQ(capacity->Used(), 5);
}

/// One blob of some length for each step: whatever a count sees of those that are committed while
/// it runs, the account never has less than is stored.
TEST_F(AccountCapacityTest, NeverLessThanIsStored) {
  constexpr std::uint64_t kQuota = 1000;
  std::mt19937_64 random(7);
  struct Request {
    CapacityClaim claim;
    std::uint64_t bytes = 0;
    bool stored = false;
  };
  std::vector<Request> running;
  std::uint64_t stored = 0;
  std::uint64_t seen = 0;  // by the count that runs
  bool counting = false;
  Count(0);
  for (int step = 0; step < 200'000; ++step) {
    switch (random() % 8) {
      case 0:
      case 1: {
        Request request{NewClaim(kQuota), random() % 100, false};
        if (request.claim.Claim(request.bytes)) running.push_back(std::move(request));
        break;
      }
      case 2:
      case 3:  // commits; a count may see it or not
        for (Request& request : running) {
          if (request.stored) continue;
          request.stored = true;
          stored += request.bytes;
          if (counting && random() % 2 == 0) seen += request.bytes;
          break;
        }
        break;
      case 4: {  // ends
        const auto done = std::ranges::find(running, true, &Request::stored);
        if (done == running.end()) break;
        done->claim.Keep();
        running.erase(done);
        break;
      }
      case 5:  // fails
        if (!running.empty() && !running.back().stored) running.pop_back();
        break;
      case 6: {  // a delete, before the count came there: it does not see it
        const std::uint64_t gone = std::min<std::uint64_t>(stored, random() % 200);
        stored -= gone;
        if (counting) seen -= std::min(seen, gone);
        break;
      }
      default:
        if (counting) {
          capacity->EndCount(seen, now);
        } else {
          capacity->BeginCount(now);
          seen = stored;
        }
        counting = !counting;
    }
    ASSERT_GE(*capacity->Used(), stored) << step;
    ASSERT_LE(stored, kQuota) << step;
  }
}

}  // namespace
}  // namespace blobgate::operations
