#include "operations/repeat.h"

#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "base/task_group.h"

namespace blobgate::operations {
namespace {

using namespace std::chrono_literals;

// A stop while a pass waits for what cannot be interrupted, a commit for example, must not be
// forgotten when the pause begins: the daemon would leave without an orderly close.
TEST(Pause, EndsAtOnceWhenTheStopCameBeforeIt) {
  boost::asio::io_context io;
  auto work = boost::asio::make_work_guard(io);
  std::thread thread([&io] { io.run(); });
  TaskGroup group;
  std::promise<Completer<int>> waits;
  bool goes_on = true;
  group.Spawn(io.get_executor(), [&]() -> Task<void> {
    co_await boost::asio::this_coro::throw_if_cancelled(false);
    auto start = [&waits](Completer<int> done) { waits.set_value(std::move(done)); };
    co_await AwaitCompletion<int>(std::move(start));
    goes_on = co_await Pause(1h);
  });
  auto done = waits.get_future().get();
  group.Cancel();
  boost::asio::post(io, boost::asio::use_future).get();  // the stop has arrived
  done(0);
  EXPECT_TRUE(group.WaitFor(10s));
  EXPECT_FALSE(goes_on);
  work.reset();
  io.stop();
  thread.join();
}

}  // namespace
}  // namespace blobgate::operations
