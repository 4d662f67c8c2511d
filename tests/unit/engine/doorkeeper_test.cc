#include "engine/local/doorkeeper.h"

#include <gtest/gtest.h>

#include "engine/local/place.h"

namespace blobgate::engine {
namespace {

std::uint64_t HashOf(std::uint64_t chunk) {
  return PlaceHash()({7, chunk * 32 * 1024});
}

TEST(Doorkeeper, LetsInWhoComesAgain) {
  Doorkeeper keeper(1024);
  EXPECT_FALSE(keeper.Admits(HashOf(1)));
  EXPECT_FALSE(keeper.Admits(HashOf(2)));
  EXPECT_TRUE(keeper.Admits(HashOf(1)));
  EXPECT_TRUE(keeper.Admits(HashOf(1)));
}

TEST(Doorkeeper, LooksWithoutNoting) {
  Doorkeeper keeper(1024);
  EXPECT_FALSE(keeper.Knows(HashOf(1)));
  EXPECT_FALSE(keeper.Knows(HashOf(1)));
  keeper.Admits(HashOf(1));
  EXPECT_TRUE(keeper.Knows(HashOf(1)));
  EXPECT_FALSE(keeper.Knows(HashOf(2)));
}

TEST(Doorkeeper, KnowsMostOfWhatFits) {
  Doorkeeper keeper(1024);
  for (std::uint64_t chunk = 0; chunk < 512; ++chunk) keeper.Admits(HashOf(chunk));
  int admitted = 0;
  for (std::uint64_t chunk = 0; chunk < 512; ++chunk) admitted += keeper.Admits(HashOf(chunk));
  EXPECT_GT(admitted, 460);
}

// Passes over much more than it has room for, one after the other, as of a backup that is read.
TEST(Doorkeeper, ForgetsInALongPass) {
  Doorkeeper keeper(1024);
  int admitted = 0;
  for (int pass = 0; pass < 3; ++pass) {
    for (std::uint64_t chunk = 0; chunk < 16 * 1024; ++chunk)
      admitted += keeper.Admits(HashOf(chunk));
  }
  EXPECT_LT(admitted, 100);
}

}  // namespace
}  // namespace blobgate::engine
