#include "engine/local/row_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace blobgate::engine {
namespace {

using Keys = std::map<std::string, int>;

Row RowOf(RowVersion version) {
  return {"value " + std::to_string(version), version};
}

/// As one that reads it from the database twice: who comes for the first time is not let in.
void Keep(RowCache& cache, const std::string& key, RowVersion version) {
  for (int times = 0; times < 2; ++times) RowCache::Reading(cache, key).Offer(key, RowOf(version));
}

TEST(RowCache, KeepsWhatIsReadAgain) {
  RowCache cache(1 << 20);
  EXPECT_EQ(cache.Find("a"), nullptr);
  RowCache::Reading(cache, "a").Offer("a", RowOf(1));
  EXPECT_EQ(cache.Find("a"), nullptr);
  RowCache::Reading(cache, "a").Offer("a", RowOf(1));
  const RowCache::RowPtr found = cache.Find("a");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->value, "value 1");
  EXPECT_EQ(found->version, 1u);
  EXPECT_EQ(cache.Find("b"), nullptr);
}

TEST(RowCache, ForgetsWhatChanges) {
  RowCache cache(1 << 20);
  Keep(cache, "a", 1);
  Keep(cache, "b", 1);
  {
    const RowCache::Change change(cache, Keys{{"a", 0}});
    EXPECT_EQ(cache.Find("a"), nullptr);
    EXPECT_NE(cache.Find("b"), nullptr);
  }
  EXPECT_EQ(cache.Find("a"), nullptr);
  Keep(cache, "a", 2);
  ASSERT_NE(cache.Find("a"), nullptr);
  EXPECT_EQ(cache.Find("a")->version, 2u);
}

TEST(RowCache, WhatWasReadBeforeAChangeIsNotTaken) {
  RowCache cache(1 << 20);
  Keep(cache, "a", 1);
  RowCache::Reading before(cache, "a");
  {
    const RowCache::Change change(cache, Keys{{"a", 0}});
  }
  before.Offer("a", RowOf(1));
  EXPECT_EQ(cache.Find("a"), nullptr);
}

TEST(RowCache, WhatIsReadDuringAChangeIsNotTaken) {
  RowCache cache(1 << 20);
  Keep(cache, "a", 1);
  {
    const RowCache::Change change(cache, Keys{{"a", 0}});
    RowCache::Reading during(cache, "a");
    during.Offer("a", RowOf(1));
    EXPECT_EQ(cache.Find("a"), nullptr);
    RowCache::Reading late(cache, "a");
    {
      const RowCache::Change other(cache, Keys{{"b", 0}});
    }
    late.Offer("a", RowOf(1));
  }
  EXPECT_EQ(cache.Find("a"), nullptr);
}

TEST(RowCache, StaysWithinItsBytes) {
  constexpr std::size_t kBytes = 1 << 20;
  constexpr int kRows = 10'000;
  RowCache cache(kBytes);
  const std::string value(1000, 'x');
  for (int i = 0; i < kRows; ++i) {
    const std::string key = "row " + std::to_string(i);
    for (int times = 0; times < 2; ++times) {
      RowCache::Reading(cache, key).Offer(key, {value, RowVersion{1}});
    }
  }
  std::size_t kept = 0;
  for (int i = 0; i < kRows; ++i) kept += cache.Find("row " + std::to_string(i)) ? 1 : 0;
  EXPECT_GT(kept, 100u);
  EXPECT_LT(kept * value.size(), kBytes);
}

// What one reader has seen, no other reader finds an older state of.
TEST(RowCache, NobodyGoesBack) {
  constexpr RowVersion kVersions = 20'000;
  constexpr int kReaders = 3;
  RowCache cache(1 << 20);
  std::atomic<RowVersion> database{1};
  std::atomic<RowVersion> seen{1};
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      RowVersion version = 0;
      while (version < kVersions) {
        const RowVersion least = seen.load();
        if (const RowCache::RowPtr row = cache.Find("a")) {
          version = row->version;
        } else {
          RowCache::Reading reading(cache, "a");
          version = database.load();
          reading.Offer("a", RowOf(version));
        }
        ASSERT_GE(version, least);
        RowVersion newest = least;
        while (newest < version && !seen.compare_exchange_weak(newest, version)) {
        }
      }
    });
  }
  for (RowVersion version = 2; version <= kVersions; ++version) {
    const RowCache::Change change(cache, Keys{{"a", 0}});
    database.store(version);
  }
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace blobgate::engine
