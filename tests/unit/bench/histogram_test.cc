#include "bench/histogram.h"

#include <gtest/gtest.h>

namespace blobgate::bench {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.max(), 0u);
  EXPECT_EQ(histogram.Quantile(0.5), 0u);
  EXPECT_EQ(histogram.mean(), 0);
}

TEST(Histogram, IsExactForSmallValues) {
  Histogram histogram;
  for (std::uint64_t ns = 1; ns <= 100; ++ns) histogram.Record(ns);
  EXPECT_EQ(histogram.Quantile(0), 1u);
  EXPECT_EQ(histogram.Quantile(0.5), 50u);
  EXPECT_EQ(histogram.Quantile(0.99), 99u);
  EXPECT_EQ(histogram.Quantile(1), 100u);
  EXPECT_DOUBLE_EQ(histogram.mean(), 50.5);
}

TEST(Histogram, IsWithinOnePercentForAnyValue) {
  for (std::uint64_t ns = 1; ns < (1ull << 40); ns = ns * 17 / 16 + 1) {
    Histogram histogram;
    histogram.Record(ns);
    histogram.Record(1ull << 39 << 1);  // so that the largest is not what bounds the answer
    const auto told = histogram.Quantile(0.5);
    EXPECT_GE(told, ns);
    EXPECT_LE(static_cast<double>(told), static_cast<double>(ns) * 1.008) << ns;
  }
}

TEST(Histogram, KeepsTheLargestExactly) {
  Histogram histogram;
  histogram.Record(1'234'567'891);
  EXPECT_EQ(histogram.max(), 1'234'567'891u);
  EXPECT_EQ(histogram.Quantile(0.999), 1'234'567'891u);
}

TEST(Histogram, CountsWhatIsTooLongAsTheLongest) {
  Histogram histogram;
  histogram.Record(~0ull);
  EXPECT_EQ(histogram.count(), 1u);
  EXPECT_EQ(histogram.max(), ~0ull);
  EXPECT_EQ(histogram.Quantile(0.5), (1ull << 40) - 1);
}

TEST(Histogram, MergesAsIfRecordedInOne) {
  Histogram one, other, both;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    const std::uint64_t ns = i * i * 37;
    (i % 3 == 0 ? one : other).Record(ns);
    both.Record(ns);
  }
  one.Merge(other);
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.max(), both.max());
  EXPECT_DOUBLE_EQ(one.mean(), both.mean());
  for (const double share : {0.1, 0.5, 0.9, 0.99, 0.999}) {
    EXPECT_EQ(one.Quantile(share), both.Quantile(share));
  }
}

}  // namespace
}  // namespace blobgate::bench
