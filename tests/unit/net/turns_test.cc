#include "net/turns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace blobgate::net {
namespace {

namespace asio = boost::asio;

/// Long transfers and what else a thread does; `log` has what was done, in order.
struct Thread {
  asio::io_context context;
  std::optional<Turns> turns{context.get_executor()};
  std::vector<std::string> log;

  void StartTransfer(std::string name, int pieces) {
    asio::co_spawn(context, Transfer(std::move(name), pieces), asio::detached);
  }
  Task<void> Transfer(std::string name, int pieces) {
    for (int i = 0; i < pieces; ++i) {
      co_await turns->Next();
      log.push_back(name);
    }
  }
  /// Something short that takes `steps` to be done.
  void StartShort(int steps) {
    log.push_back("short");
    if (steps > 1) asio::post(context, [this, steps] { StartShort(steps - 1); });
  }
};

TEST(Turns, OneAfterTheOther) {
  Thread thread;
  for (const char* name : {"a", "b", "c"}) thread.StartTransfer(name, 3);
  thread.context.run();
  // The first finds nobody, and is back in line before the others come.
  const std::vector<std::string> wanted{"a", "a", "b", "c", "a", "b", "c", "b", "c"};
  EXPECT_EQ(thread.log, wanted);
}

TEST(Turns, AloneThereIsNoWait) {
  Thread thread;
  thread.StartTransfer("a", 2);
  thread.StartShort(1);
  thread.context.run_one();  // the start
  thread.context.run_one();
  EXPECT_EQ(thread.log.back(), "a");
  thread.context.run();
  EXPECT_EQ(std::ranges::count(thread.log, "a"), 2);
}

/// However many transfers there are, no more than one piece goes before each step of the short one.
TEST(Turns, WhatIsShortGoesInBetween) {
  Thread thread;
  for (int i = 0; i < 100; ++i) thread.StartTransfer("long", 20);
  for (int i = 0; i < 300; ++i) thread.context.run_one();
  thread.log.clear();
  asio::post(thread.context, [&] { thread.StartShort(10); });
  thread.context.run();
  int longs = 0, shorts = 0;
  for (const std::string& what : thread.log) {
    if (what == "long") ++longs;
    if (what != "short") continue;
    ++shorts;
    EXPECT_LE(longs, 2);
    longs = 0;
  }
  EXPECT_EQ(shorts, 10);
}

TEST(Turns, WhoWaitsWhenItEndsIsGivenUp) {
  Thread thread;
  for (int i = 0; i < 5; ++i) thread.StartTransfer("long", 1000);
  for (int i = 0; i < 100; ++i) thread.context.run_one();
  thread.turns.reset();
  const std::size_t done = thread.log.size();
  thread.context.run();
  EXPECT_EQ(thread.log.size(), done);
}

}  // namespace
}  // namespace blobgate::net
