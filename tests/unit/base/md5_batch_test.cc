#include "base/md5_batch.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace blobgate {
namespace {

std::string RandomText(std::mt19937& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

Task<void> Hash(const std::string& text, std::size_t piece, Md5Digest& out) {
  Md5 md5;
  for (std::size_t done = 0; done < text.size(); done += piece) {
    co_await UpdateTogether(md5, AsBytes(std::string_view(text).substr(done, piece)));
  }
  out = md5.Final();
}

/// Texts of up to `longest` bytes, all hashed at once in one thread.
void HashMany(unsigned seed, std::size_t count, std::size_t longest) {
  std::mt19937 random(seed);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) texts.push_back(RandomText(random, random() % longest));
  std::vector<Md5Digest> digests(count);
  boost::asio::io_context io(1);
  for (std::size_t i = 0; i < count; ++i) {
    auto task = Hash(texts[i], 1 + random() % longest, digests[i]);
    boost::asio::co_spawn(io, std::move(task), boost::asio::detached);
  }
  io.run();
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(digests[i], Md5Of(AsBytes(texts[i]))) << i;
}

TEST(Md5Batch, EachGetsItsOwn) {
  HashMany(1, 1, 1 << 20);
  HashMany(2, 40, 20'000);
  HashMany(3, 40, 500'000);
  HashMany(4, 3, 2'000);
}

TEST(Md5Batch, ThreadsHaveTheirOwn) {
  std::vector<std::jthread> threads;
  for (unsigned seed = 10; seed < 14; ++seed) {
    threads.emplace_back([seed] { HashMany(seed, 20, 100'000); });
  }
}

// Others are not kept waiting for a long stream.
TEST(Md5Batch, GoesInTurns) {
  const std::string text(10 << 20, 'x');
  Md5Digest digest;
  boost::asio::io_context io(1);
  boost::asio::co_spawn(io, Hash(text, text.size(), digest), boost::asio::detached);
  int others = 0;
  std::function<void()> other = [&] {
    ++others;
    if (digest == Md5Digest{}) boost::asio::post(io, other);
  };
  digest = {};
  boost::asio::post(io, other);
  io.run();
  EXPECT_EQ(digest, Md5Of(AsBytes(text)));
  EXPECT_GE(others, 100);
}

// A context that goes while somebody waits: nothing runs, nothing leaks.
TEST(Md5Batch, MayNeverBeDone) {
  const std::string text(1 << 20, 'x');
  const auto alive = std::make_shared<int>();
  Md5Digest digest{};
  {
    boost::asio::io_context io(1);
    auto hash = [&, alive]() -> Task<void> {
      const auto held = alive;
      co_await Hash(text, text.size(), digest);
    };
    boost::asio::co_spawn(io, hash, boost::asio::detached);
    io.poll_one();
    io.poll_one();
    EXPECT_GT(alive.use_count(), 1);
  }
  EXPECT_EQ(digest, Md5Digest{});
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace blobgate
