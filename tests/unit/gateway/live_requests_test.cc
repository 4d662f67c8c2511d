#include "gateway/live_requests.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace blobgate::gateway {
namespace {

using azure::Operation;
using Clock = LiveRequests::Clock;

TEST(LiveRequests, WhatIsSeenOfOne) {
  LiveRequests live;
  const std::string target = "/shop/con/blob?sv=2021-08-06&sig=c2VjcmV0";
  {
    auto entry = live.Begin("id", Clock::now() - std::chrono::seconds(5),
                            {.peer = "192.0.2.7", .method = "GET", .target = target});
    ASSERT_EQ(live.Oldest(9).size(), 1u);
    LiveRequestView seen = live.Oldest(9)[0];
    EXPECT_EQ(seen.request_id, "id");
    EXPECT_GE(seen.age, std::chrono::seconds(5));
    EXPECT_EQ(seen.operation, std::nullopt);
    EXPECT_EQ(seen.peer, "192.0.2.7");
    EXPECT_EQ(seen.target.find("c2VjcmV0"), std::string::npos);
    EXPECT_TRUE(seen.target.starts_with("/shop/con/blob?"));
    EXPECT_FALSE(seen.answering);

    entry.Routed(Operation::kGetBlob, "shop");
    seen = live.Oldest(9)[0];
    EXPECT_EQ(seen.operation, Operation::kGetBlob);
    EXPECT_EQ(seen.account, "shop");

    LiveRequests::Entry moved = std::move(entry);
    EXPECT_EQ(live.count(), 1);
    {
      const std::string account = "shop", peer = "192.0.2.7", method = "GET", path = "/shop/x";
      moved.Answering({account, peer, method, path}, /*copy=*/true);
    }
    seen = live.Oldest(9)[0];
    EXPECT_TRUE(seen.answering);
    EXPECT_EQ(seen.account, "shop");
    EXPECT_EQ(seen.peer, "192.0.2.7");
    EXPECT_EQ(seen.method, "GET");
    EXPECT_EQ(seen.target, "/shop/x");
    EXPECT_EQ(seen.operation, Operation::kGetBlob);
  }
  EXPECT_EQ(live.count(), 0);
  EXPECT_TRUE(live.Oldest(9).empty());
}

TEST(LiveRequests, TheOldestOfAllThreads) {
  LiveRequests live;
  const auto now = Clock::now();
  std::vector<std::unique_ptr<LiveRequests::Entry>> entries(30);
  for (std::size_t t = 0; t < 3; ++t) {
    std::jthread([&, t] {
      for (std::size_t i = t; i < entries.size(); i += 3) {
        entries[i] = std::make_unique<LiveRequests::Entry>(
            live.Begin(std::to_string(i), now + std::chrono::milliseconds(i), {}));
      }
    });
  }
  EXPECT_EQ(live.count(), 30);
  const auto oldest = live.Oldest(7);
  ASSERT_EQ(oldest.size(), 7u);
  for (std::size_t i = 0; i < oldest.size(); ++i)
    EXPECT_EQ(oldest[i].request_id, std::to_string(i));
  EXPECT_TRUE(live.Oldest(0).empty());
  EXPECT_EQ(live.Oldest(100).size(), 30u);
  entries[0].reset();
  EXPECT_EQ(live.Oldest(1)[0].request_id, "1");
}

TEST(LiveRequests, LookedAtWhileTheyComeAndGo) {
  LiveRequests live;
  std::atomic<bool> end = false;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) {
        auto account = std::make_unique<std::string>("an account with a long name");
        auto target = std::make_unique<std::string>("/an/account/with/a/long/target");
        auto entry = live.Begin("id", Clock::now(), {.target = *target});
        entry.Routed(Operation::kPutBlob, *account);
        entry.Answering({*account, {}, {}, *target}, i % 2 == 0);
        LiveRequests::Entry last = std::move(entry);
      }
    });
  }
  std::jthread looking([&] {
    while (!end) {
      for (const auto& seen : live.Oldest(3)) {
        EXPECT_EQ(seen.target, "/an/account/with/a/long/target");
      }
    }
  });
  threads.clear();
  end = true;
  looking.join();
  EXPECT_EQ(live.count(), 0);
}

}  // namespace
}  // namespace blobgate::gateway
