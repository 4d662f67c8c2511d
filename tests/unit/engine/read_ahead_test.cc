#include "engine/local/read_ahead.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <future>
#include <thread>
#include <vector>

#include "engine_harness.h"

namespace blobgate::engine {
namespace {

/// Reads that end when the test says so.
class ReadAheadTest : public testing::Test {
 protected:
  bool Begin(std::uint64_t position) {
    return ahead_.Begin({1, position}, [this](ReadMemory memory, Completer<bool> done) {
      memories_.push_back(std::move(memory));
      reads_.push_back(std::move(done));
      return true;
    });
  }
  void Fill(std::size_t read, char with) {
    std::memset(memories_[read]->data(), with, BufferPool::kSize);
    reads_[read](true);
  }
  std::future<ReadMemory> Take(std::uint64_t position) {
    return boost::asio::co_spawn(run_.executor(), ahead_.Take({1, position}),
                                 boost::asio::use_future);
  }
  static bool Holds(const ReadMemory& memory, char what) {
    return memory && AsChars(memory->span()) == std::string(BufferPool::kSize, what);
  }

  BufferPool buffers_;
  ReadAhead ahead_{buffers_};
  std::vector<ReadMemory> memories_;
  std::vector<Completer<bool>> reads_;
  Runner run_;
};

TEST_F(ReadAheadTest, GivesWhatWasReadToOne) {
  EXPECT_TRUE(Begin(0));
  EXPECT_FALSE(Begin(0)) << "it is under way";
  EXPECT_TRUE(Begin(8192));
  Fill(1, 'b');
  Fill(0, 'a');
  EXPECT_TRUE(Holds(Take(0).get(), 'a'));
  EXPECT_EQ(Take(0).get(), nullptr);
  EXPECT_TRUE(Holds(Take(8192).get(), 'b'));
  EXPECT_EQ(Take(4096).get(), nullptr) << "nobody began it";
}

TEST_F(ReadAheadTest, WaitsForWhatIsUnderWay) {
  ASSERT_TRUE(Begin(0));
  auto taken = Take(0);
  EXPECT_EQ(taken.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  Fill(0, 'a');
  EXPECT_TRUE(Holds(taken.get(), 'a'));
}

TEST_F(ReadAheadTest, AReadThatFailsIsNoAnswer) {
  ASSERT_TRUE(Begin(0));
  ASSERT_TRUE(Begin(4096));
  reads_[0](false);
  EXPECT_EQ(Take(0).get(), nullptr);
  auto waits = Take(4096);
  reads_[1](false);
  EXPECT_EQ(waits.get(), nullptr);
  EXPECT_FALSE(
      ahead_.Begin({2, 0}, [](const ReadMemory&, const Completer<bool>&) { return false; }));
  EXPECT_EQ(run_(ahead_.Take({2, 0})), nullptr);
}

TEST_F(ReadAheadTest, IsBounded) {
  for (std::uint64_t i = 0; i < ReadAhead::kMost; ++i) ASSERT_TRUE(Begin(i * 4096));
  EXPECT_FALSE(Begin(999 * 4096));
  Fill(0, 'a');
  EXPECT_FALSE(Begin(999 * 4096)) << "it waits to be taken";
  EXPECT_TRUE(Holds(Take(0).get(), 'a'));
  EXPECT_TRUE(Begin(999 * 4096));
}

// Of clients that left: done or not, they are in nobody's way for long.
TEST_F(ReadAheadTest, ForgetsWhatNobodyAsksFor) {
  for (std::uint64_t i = 0; i < ReadAhead::kMost; ++i) ASSERT_TRUE(Begin(i * 4096));
  Fill(0, 'a');
  std::this_thread::sleep_for(ReadAhead::kForgotten + std::chrono::milliseconds(100));
  EXPECT_TRUE(Begin(999 * 4096));
  EXPECT_EQ(Take(0).get(), nullptr);
  Fill(1, 'b');  // what is under way ends as ever
  EXPECT_EQ(Take(4096).get(), nullptr);
}

TEST_F(ReadAheadTest, MayGoBeforeItsReads) {
  BufferPool buffers;
  Completer<bool> read;
  ReadMemory memory;
  {
    ReadAhead ahead(buffers);
    ASSERT_TRUE(ahead.Begin({1, 0}, [&](ReadMemory m, Completer<bool> done) {
      memory = std::move(m);
      read = std::move(done);
      return true;
    }));
  }
  std::memset(memory->data(), 1, BufferPool::kSize);
  read(true);
}

TEST_F(ReadAheadTest, ThreadsTakeWhatOthersBegin) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([this, t, &wrong] {
      for (std::uint64_t i = 0; i < 500; ++i) {
        const Place key{t % 2, i % 16 * 4096};
        ahead_.Begin(key, [&](ReadMemory memory, Completer<bool> done) {
          boost::asio::post(run_.executor(),
                            [memory = std::move(memory), key, done = std::move(done)]() mutable {
                              std::memcpy(memory->data(), &key, sizeof key);
                              done(true);
                            });
          return true;
        });
        const ReadMemory taken = run_(ahead_.Take(key));
        if (taken && std::memcmp(taken->data(), &key, sizeof key) != 0) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace blobgate::engine
