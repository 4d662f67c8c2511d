#include "engine/local/read_ring.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <liburing.h>

#include <algorithm>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <fstream>

#include "engine_harness.h"

namespace blobgate::engine {
namespace {

/// Whether this machine lets processes have rings.
bool HasRings() {
  io_uring ring{};
  if (::io_uring_queue_init(1, &ring, 0) != 0) return false;
  ::io_uring_queue_exit(&ring);
  return true;
}

class ReadRingTest : public testing::Test {
 protected:
  ReadRingTest() { std::ofstream(path_, std::ios::binary) << text_; }

  void SetUp() override {
    if (!HasRings()) GTEST_SKIP() << "the kernel has no io_uring, or forbids it";
  }

  SegmentFilePtr Open(int flags) {
    const int fd = SystemDisk().Open(path_, flags);
    EXPECT_GE(fd, 0);
    return std::make_shared<SegmentFile>(SystemDisk(), fd);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/file";
  const std::string text_ = RandomText(1'000'000, 11);
};

/// What one read says, and what its memory holds then.
struct Answer {
  std::optional<int> got;
  std::string text;
};

Task<Answer> Read(SegmentFilePtr file, std::size_t size, std::uint64_t offset) {
  const auto memory = std::make_shared<const AlignedBuffer>(size);
  ReadRing& ring = ReadRing::Of(co_await boost::asio::this_coro::executor);
  Answer answer;
  ReadRing::Request request{std::move(file), memory, size, offset};
  answer.got = co_await ring.Read(std::move(request));
  if (answer.got && *answer.got > 0) {
    answer.text = AsChars(memory->span().first(static_cast<std::size_t>(*answer.got)));
  }
  co_return answer;
}

Answer RunOne(Task<Answer> task) {
  boost::asio::io_context context(1);
  auto future = boost::asio::co_spawn(context, std::move(task), boost::asio::use_future);
  context.run();
  return future.get();
}

TEST_F(ReadRingTest, ReadsWhatTheFileHas) {
  EXPECT_EQ(RunOne(Read(Open(O_RDONLY), 5000, 12'345)).text, text_.substr(12'345, 5000));
  EXPECT_EQ(RunOne(Read(Open(O_RDONLY | O_DIRECT), 8192, 4096)).text, text_.substr(4096, 8192));
  const Answer end = RunOne(Read(Open(O_RDONLY), 5000, 999'000));
  EXPECT_EQ(end.got, 1000);
  EXPECT_EQ(end.text, text_.substr(999'000));
  EXPECT_EQ(RunOne(Read(Open(O_RDONLY), 5000, 2'000'000)).got, 0);
}

TEST_F(ReadRingTest, SaysWhatIsWrong) {
  EXPECT_EQ(RunOne(Read(Open(O_WRONLY), 5000, 0)).got, -EBADF);
  EXPECT_EQ(RunOne(Read(Open(O_RDONLY | O_DIRECT), 8192, 100)).got, -EINVAL);
}

// Those for whom there is no room are told at once.
TEST_F(ReadRingTest, AsManyAtATimeAsThereIsRoomFor) {
  boost::asio::io_context context(1);
  const SegmentFilePtr file = Open(O_RDONLY | O_DIRECT);
  constexpr std::size_t kReads = 2 * ReadRing::kMost;
  std::vector<std::future<Answer>> answers;
  for (std::size_t i = 0; i < kReads; ++i) {
    answers.push_back(
        boost::asio::co_spawn(context, Read(file, 4096, i % 200 * 4096), boost::asio::use_future));
  }
  context.run();
  std::size_t read = 0;
  for (std::size_t i = 0; i < kReads; ++i) {
    const Answer answer = answers[i].get();
    if (!answer.got) continue;
    ++read;
    EXPECT_EQ(answer.text, text_.substr(i % 200 * 4096, 4096));
  }
  EXPECT_GE(read, ReadRing::kMost);
}

TEST_F(ReadRingTest, ThreadsOfOneContextShareARing) {
  boost::asio::thread_pool pool(4);
  const SegmentFilePtr file = Open(O_RDONLY | O_DIRECT);
  auto many = [file, this](std::size_t seed) -> Task<int> {
    int right = 0;
    for (std::size_t i = 0; i < 100; ++i) {
      const std::size_t at = (seed * 37 + i) % 200 * 4096;
      const Answer answer = co_await Read(file, 4096, at);
      if (answer.text == text_.substr(at, 4096)) ++right;
    }
    co_return right;
  };
  std::vector<std::future<int>> counts;
  for (std::size_t i = 0; i < 32; ++i) {
    counts.push_back(boost::asio::co_spawn(pool, many(i), boost::asio::use_future));
  }
  for (auto& count : counts) EXPECT_EQ(count.get(), 100);
}

// The kernel may still write into the memory of those that wait.
TEST_F(ReadRingTest, AContextMayGoWhileReadsAreUnderWay) {
  for (int round = 0; round < 20; ++round) {
    boost::asio::io_context context(1);
    const SegmentFilePtr file = Open(O_RDONLY | O_DIRECT);
    for (std::size_t i = 0; i < 100; ++i) {
      boost::asio::co_spawn(context, Read(file, 32'768, i % 30 * 32'768), boost::asio::detached);
    }
    for (int i = 0; i < 100 + round; ++i) context.poll_one();
  }
}

}  // namespace
}  // namespace blobgate::engine
