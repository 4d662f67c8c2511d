#include "base/task_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

namespace blobgate {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;

constexpr std::chrono::minutes kPatience{1};

// Threads of one io_context each.
class Contexts {
 public:
  explicit Contexts(std::size_t count) : contexts_(count) {
    for (auto& context : contexts_) {
      guards_.push_back(asio::make_work_guard(context));
      threads_.emplace_back([&context] { context.run(); });
    }
  }
  ~Contexts() {
    guards_.clear();
    for (auto& thread : threads_) thread.join();
  }
  asio::any_io_executor at(std::size_t i) { return contexts_[i % contexts_.size()].get_executor(); }

 private:
  std::vector<asio::io_context> contexts_;
  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> guards_;
  std::vector<std::thread> threads_;
};

// Ends only when it is cancelled.
Task<void> WaitForever(std::atomic<int>& cancelled) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  timer.expires_at(std::chrono::steady_clock::time_point::max());
  boost::system::error_code ec;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ec));
  if (ec == asio::error::operation_aborted) ++cancelled;
}

Task<void> Count(std::atomic<int>& count) {
  ++count;
  co_return;
}

TEST(TaskGroup, RunsAndIsEmptyAfterwards) {
  Contexts contexts(2);
  TaskGroup group;
  std::atomic<int> count{0};
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_TRUE(group.Spawn(contexts.at(i), [&count] { return Count(count); }));
  }
  EXPECT_TRUE(group.WaitFor(kPatience));
  EXPECT_EQ(count, 100);
  EXPECT_EQ(group.size(), 0u);
}

TEST(TaskGroup, WaitGivesUp) {
  Contexts contexts(1);
  TaskGroup group;
  std::atomic<int> cancelled{0};
  group.Spawn(contexts.at(0), [&] { return WaitForever(cancelled); });
  EXPECT_FALSE(group.WaitFor(milliseconds(1)));
  EXPECT_EQ(group.size(), 1u);
  group.Cancel();
  EXPECT_TRUE(group.WaitFor(kPatience));
  EXPECT_EQ(cancelled, 1);
}

TEST(TaskGroup, CancelReachesEveryThread) {
  Contexts contexts(3);
  TaskGroup group;
  std::atomic<int> cancelled{0};
  for (std::size_t i = 0; i < 30; ++i) {
    group.Spawn(contexts.at(i), [&] { return WaitForever(cancelled); });
  }
  group.Cancel();
  EXPECT_TRUE(group.WaitFor(kPatience));
  // Those that had not begun were not begun.
  EXPECT_LE(cancelled, 30);
}

TEST(TaskGroup, NothingStartsAfterCancel) {
  Contexts contexts(1);
  TaskGroup group;
  group.Cancel();
  std::atomic<int> count{0};
  EXPECT_FALSE(group.Spawn(contexts.at(0), [&] { return Count(count); }));
  EXPECT_TRUE(group.WaitFor(milliseconds(0)));
  EXPECT_EQ(count, 0);
}

TEST(TaskGroup, SpawnFromManyThreadsWhileCancelled) {
  Contexts contexts(2);
  TaskGroup group;
  std::atomic<int> cancelled{0};
  std::vector<std::thread> spawners;
  for (int t = 0; t < 4; ++t) {
    spawners.emplace_back([&] {
      std::size_t i = 0;
      while (group.Spawn(contexts.at(i++), [&] { return WaitForever(cancelled); })) continue;
    });
  }
  group.Cancel();
  for (auto& thread : spawners) thread.join();
  EXPECT_TRUE(group.WaitFor(kPatience));
}

TEST(TaskGroup, TheClosureLivesAsLongAsItsTask) {
  Contexts contexts(1);
  TaskGroup group;
  auto owned = std::make_shared<int>(1);
  const std::weak_ptr<int> watch = owned;
  std::atomic<int> cancelled{0};
  group.Spawn(contexts.at(0),
              [owned = std::move(owned), &cancelled] { return WaitForever(cancelled); });
  EXPECT_FALSE(watch.expired());
  group.Cancel();
  EXPECT_TRUE(group.WaitFor(kPatience));
  EXPECT_TRUE(watch.expired());
}

Task<void> Throw(bool standard) {
  if (standard) throw std::runtime_error("bug");
  throw 1;
  co_return;
}

TEST(TaskGroup, SurvivesExceptions) {
  Contexts contexts(1);
  TaskGroup group;
  group.Spawn(contexts.at(0), [] { return Throw(true); });
  group.Spawn(contexts.at(0), [] { return Throw(false); });
  EXPECT_TRUE(group.WaitFor(kPatience));
}

TEST(TaskGroup, TheGroupMayGoFirst) {
  std::atomic<int> cancelled{0};
  Contexts contexts(1);
  TaskGroup group;
  group.Spawn(contexts.at(0), [&] { return WaitForever(cancelled); });
}

}  // namespace
}  // namespace blobgate
