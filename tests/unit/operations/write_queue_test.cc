#include "operations/write_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>
#include <future>

namespace blobgate::operations {
namespace {

class TestEntry final : public WriteQueue::Entry {
 public:
  explicit TestEntry(bool by_itself) : by_itself_(by_itself) {}
  bool alone() const override { return by_itself_; }

  int written = 0;

 private:
  const bool by_itself_;
};

/// One thing that is written, and what was seen of it.
struct Thing {
  WriteQueue queue;
  std::atomic<int> writing = 0;
  std::atomic<int> commits = 0;
  std::atomic<int> writes = 0;
  std::atomic<int> mixed = 0;  ///< batches with an entry that had to be alone
};

Task<void> Pause() {
  co_await boost::asio::post(co_await boost::asio::this_coro::executor, boost::asio::use_awaitable);
}

Task<void> Lead(Thing& thing, const std::string& key, TestEntry& entry) {
  const auto batch = thing.queue.Take(key, entry);
  EXPECT_EQ(thing.writing.fetch_add(1), 0) << "two leaders at a time";
  EXPECT_EQ(batch.front(), &entry);
  for (WriteQueue::Entry* each : batch) {
    if (each->alone() && batch.size() > 1) ++thing.mixed;
    ++static_cast<TestEntry*>(each)->written;
    ++thing.writes;
  }
  ++thing.commits;
  for (int i = 0; i < 3; ++i) co_await Pause();
  --thing.writing;
  thing.queue.Leave(key, batch);
}

Task<void> WriteOften(Thing& thing, int times, bool by_itself) {
  const std::string key = "thing";
  for (int i = 0; i < times; ++i) {
    TestEntry entry(by_itself);
    const auto turn = co_await thing.queue.Enter(key, entry);
    if (turn == WriteQueue::Turn::kLead) co_await Lead(thing, key, entry);
    EXPECT_EQ(entry.written, 1);
  }
}

TEST(WriteQueue, ManyWritersOnManyThreads) {
  constexpr int kWriters = 200;
  constexpr int kTimes = 50;
  Thing thing;
  boost::asio::thread_pool threads(4);
  std::vector<std::future<void>> done;
  for (int i = 0; i < kWriters; ++i) {
    done.push_back(boost::asio::co_spawn(threads, WriteOften(thing, kTimes, i % 10 == 0),
                                         boost::asio::use_future));
  }
  for (auto& each : done) each.get();
  EXPECT_EQ(thing.writes, kWriters * kTimes);
  EXPECT_LT(thing.commits, kWriters * kTimes / 2) << "nobody was taken along";
  EXPECT_EQ(thing.mixed, 0);
}

TEST(WriteQueue, OneWriterNeverWaits) {
  Thing thing;
  boost::asio::thread_pool threads(1);
  boost::asio::co_spawn(threads, WriteOften(thing, 100, false), boost::asio::use_future).get();
  EXPECT_EQ(thing.commits, 100);
}

}  // namespace
}  // namespace blobgate::operations
