#include "bench/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace blobgate::bench {
namespace {

// Every power of two is cut into 2^kSubBits buckets; below 2^(kSubBits + 1) each value has its own.
constexpr int kSubBits = 7;
constexpr std::uint64_t kSteps = 1 << kSubBits;
constexpr int kValueBits = 40;
constexpr std::uint64_t kLargest = (1ull << kValueBits) - 1;
constexpr std::size_t kBuckets = (kValueBits - kSubBits + 1) * kSteps;

std::size_t BucketOf(std::uint64_t value) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - (kSubBits + 1));
  return static_cast<std::size_t>(shift) * kSteps + (value >> shift);
}

// The largest value of a bucket.
std::uint64_t EndOf(std::size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const std::size_t shift = bucket / kSteps - 1;
  return ((bucket - shift * kSteps + 1) << shift) - 1;
}

}  // namespace

Histogram::Histogram() : counts_(kBuckets) {}

void Histogram::Record(std::uint64_t ns) {
  ++counts_[BucketOf(std::min(ns, kLargest))];
  ++count_;
  max_ = std::max(max_, ns);
  sum_ += static_cast<double>(ns);
}

void Histogram::Merge(const Histogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double Histogram::mean() const {
  return count_ == 0 ? 0 : sum_ / static_cast<double>(count_);
}

std::uint64_t Histogram::Quantile(double share) const {
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const std::uint64_t rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(wanted));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets; ++i) {
    seen += counts_[i];
    if (seen >= rank) return std::min(EndOf(i), max_);
  }
  return max_;
}

}  // namespace blobgate::bench
