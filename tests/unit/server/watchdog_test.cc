#include "server/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <future>
#include <latch>
#include <string>
#include <utility>
#include <vector>

namespace blobgate::server {
namespace {

/// Answers when the test says so.
struct Fake {
  std::vector<Probe::Answered> asked;

  Probe AsProbe(std::string name) {
    return {std::move(name), [this](Probe::Answered answered) { asked.push_back(answered); }};
  }
};

TEST(ProbeRounds, TheNextRoundBeginsWhenAllHaveAnswered) {
  Fake a, b;
  ProbeRounds rounds({a.AsProbe("a"), b.AsProbe("b")});
  EXPECT_TRUE(rounds.Next());
  EXPECT_FALSE(rounds.Next());
  EXPECT_EQ(rounds.Silent(), (std::vector<std::string>{"a", "b"}));
  a.asked.at(0)();
  EXPECT_FALSE(rounds.Next());
  EXPECT_EQ(rounds.Silent(), std::vector<std::string>{"b"});
  b.asked.at(0)();
  EXPECT_TRUE(rounds.Next());
  EXPECT_EQ(a.asked.size(), 2u);
  EXPECT_EQ(b.asked.size(), 2u);
}

TEST(ProbeRounds, WhoIsSilentIsNotAskedAgain) {
  Fake a;
  ProbeRounds rounds({a.AsProbe("a")});
  rounds.Next();
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rounds.Next());
  EXPECT_EQ(a.asked.size(), 1u);
}

TEST(ProbeRounds, AnAnswerMayComeAfterTheEnd) {
  Fake a;
  {
    ProbeRounds rounds({a.AsProbe("a")});
    rounds.Next();
  }
  a.asked.at(0)();
}

TEST(Watchdog, AnEventLoopThatIsStuckDoesNotAnswer) {
  net::IoThreads threads(2);
  ProbeRounds rounds(ProbesOf(threads));
  std::latch stuck(1), entered(1), other(1);
  boost::asio::post(threads.executor(1), [&] {
    entered.count_down();
    stuck.wait();
  });
  entered.wait();
  EXPECT_TRUE(rounds.Next());
  boost::asio::post(threads.executor(0), [&] { other.count_down(); });
  other.wait();  // what was posted to thread 0 before has run
  EXPECT_FALSE(rounds.Next());
  EXPECT_EQ(rounds.Silent(), std::vector<std::string>{"io thread 1"});
  stuck.count_down();
  std::latch after(1);
  boost::asio::post(threads.executor(1), [&] { after.count_down(); });
  after.wait();
  EXPECT_TRUE(rounds.Next());
}

TEST(Watchdog, WorkThatHangsDoesNotAnswer) {
  std::latch entered(1), disk(1);
  std::promise<void> answered;
  {
    const Probe probe = BlockingProbe("disk", [&] {
      entered.count_down();
      disk.wait();
    });
    probe.ask([&] { answered.set_value(); });
    entered.wait();
    auto future = answered.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    disk.count_down();
    future.wait();
  }
}

TEST(Watchdog, IsAliveWhileAllAnswer) {
  std::promise<void> thrice;
  int times = 0;
  const Probe prompt{"prompt", [](const Probe::Answered& answered) { answered(); }};
  Watchdog watchdog(std::chrono::microseconds(100), {prompt}, [&] {
    if (++times == 3) thrice.set_value();
  });
  thrice.get_future().wait();
}

TEST(Watchdog, IsAliveOnceWhenNobodyAnswers) {
  Fake silent;
  std::atomic<int> times = 0;
  std::latch first(1);
  {
    Watchdog watchdog(std::chrono::microseconds(1), {silent.AsProbe("silent")}, [&] {
      ++times;
      first.count_down();
    });
    first.wait();
  }
  EXPECT_EQ(times, 1);
  EXPECT_EQ(silent.asked.size(), 1u);
}

TEST(Watchdog, TouchingTheDiskLeavesNoFile) {
  const std::string directory = ::testing::TempDir() + "/watchdog-disk";
  std::filesystem::create_directory(directory);
  TouchDisk(directory);
  EXPECT_TRUE(std::filesystem::is_empty(directory));
  std::filesystem::remove(directory);
  TouchDisk(directory);  // an error is an answer
}

}  // namespace
}  // namespace blobgate::server
