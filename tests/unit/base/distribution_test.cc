#include "base/distribution.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace blobgate {
namespace {

constexpr auto kBounds = std::to_array<std::uint64_t>({1, 10, 100});

TEST(Distribution, BoundsAreInclusive) {
  Distribution<kBounds> distribution;
  for (const std::uint64_t value : {0u, 1u, 2u, 10u, 11u, 100u, 101u, 5000u}) {
    distribution.Add(value);
  }
  Spread spread;
  distribution.AddTo(spread);
  EXPECT_EQ(spread.counts, (std::vector<std::uint64_t>{2, 2, 2, 2}));
  EXPECT_EQ(spread.sum, 0u + 1 + 2 + 10 + 11 + 100 + 101 + 5000);
  EXPECT_EQ(spread.count(), 8u);
}

TEST(Distribution, SeveralAddUp) {
  Distribution<kBounds> one;
  Distribution<kBounds> other;
  one.Add(5);
  other.Add(7);
  other.Add(1000);
  Spread spread;
  one.AddTo(spread);
  other.AddTo(spread);
  EXPECT_EQ(spread.counts, (std::vector<std::uint64_t>{0, 2, 0, 1}));
  EXPECT_EQ(spread.sum, 1012u);
}

TEST(Distribution, NothingIsLostBetweenThreads) {
  Distribution<kBounds> distribution;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&distribution] {
        for (std::uint64_t value = 0; value < 1000; ++value) distribution.Add(value);
      });
    }
  }
  Spread spread;
  distribution.AddTo(spread);
  EXPECT_EQ(spread.count(), 4000u);
  EXPECT_EQ(spread.sum, 4u * 999 * 1000 / 2);
}

TEST(Durations, Ascend) {
  for (std::size_t i = 1; i < kDurationBounds.size(); ++i) {
    EXPECT_LT(kDurationBounds[i - 1], kDurationBounds[i]);
  }
}

}  // namespace
}  // namespace blobgate
