#include "engine/local/ballast.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine_harness.h"

namespace blobgate::engine {
namespace {

constexpr std::uint64_t kMiB = 1024 * 1024;

class BallastTest : public testing::Test {
 protected:
  /// Bytes of blocks.
  std::uint64_t Taken() const {
    struct stat info{};
    if (stat(path_.c_str(), &info) != 0) return 0;
    return static_cast<std::uint64_t>(info.st_blocks) * 512;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/BALLAST";
};

TEST_F(BallastTest, TakesBlocksOnlyWhereThereIsRoom) {
  Ballast ballast(path_, 8 * kMiB);
  EXPECT_FALSE(ballast.IsFull());
  ballast.Refill(100 * kMiB, 93 * kMiB);
  EXPECT_EQ(Taken(), 0u) << "it would leave less than is to be kept";
  ballast.Refill(100 * kMiB, 92 * kMiB);
  EXPECT_TRUE(ballast.IsFull());
  EXPECT_GE(Taken(), 8 * kMiB);
}

TEST_F(BallastTest, GivesUpWhatIsMissingAndNoMore) {
  Ballast ballast(path_, 8 * kMiB);
  ballast.Refill(100 * kMiB, 0);
  ballast.Release(5 * kMiB, 5 * kMiB);
  EXPECT_TRUE(ballast.IsFull());
  ballast.Release(0, 3 * kMiB);
  EXPECT_FALSE(ballast.IsFull());
  EXPECT_LE(Taken(), 5 * kMiB + 64 * 1024);
  EXPECT_GE(Taken(), 5 * kMiB);
  ballast.Release(0, 100 * kMiB);
  EXPECT_EQ(Taken(), 0u);
  ballast.Refill(100 * kMiB, 0);
  EXPECT_GE(Taken(), 8 * kMiB);
}

TEST_F(BallastTest, WhatIsLeftIsKnownToTheNextRun) {
  {
    Ballast ballast(path_, 8 * kMiB);
    ballast.Refill(100 * kMiB, 0);
    ballast.Release(0, 2 * kMiB);
  }
  Ballast ballast(path_, 8 * kMiB);
  EXPECT_FALSE(ballast.IsFull());
  ballast.Release(0, 1 * kMiB);
  EXPECT_LE(Taken(), 5 * kMiB + 64 * 1024);
}

TEST_F(BallastTest, NoneIsNoFile) {
  {
    Ballast(path_, kMiB).Refill(100 * kMiB, 0);
  }
  const Ballast off(path_, 0);
  EXPECT_TRUE(off.IsFull());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace blobgate::engine
