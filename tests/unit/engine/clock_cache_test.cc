#include "engine/local/clock_cache.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace blobgate::engine {
namespace {

using Value = std::shared_ptr<const std::string>;

Value Make(std::string text) {
  return std::make_shared<const std::string>(std::move(text));
}

TEST(ClockCache, GivesWhatWasPut) {
  ClockCache<int, Value> cache(100);
  EXPECT_FALSE(cache.Get(1));
  cache.Put(1, Make("one"), 10);
  cache.Put(1, Make("another"), 20);
  ASSERT_TRUE(cache.Get(1));
  EXPECT_EQ(**cache.Get(1), "another");
  cache.Erase(1);
  cache.Erase(1);
  EXPECT_FALSE(cache.Get(1));
}

TEST(ClockCache, KeepsItsBound) {
  ClockCache<int, Value> cache(100);
  std::vector<std::weak_ptr<const std::string>> alive;
  for (int i = 0; i < 50; ++i) {
    Value value = Make(std::to_string(i));
    alive.emplace_back(value);
    cache.Put(i, std::move(value), 10);
  }
  int kept = 0;
  for (const auto& value : alive) kept += !value.expired();
  EXPECT_EQ(kept, 10);
  cache.Put(99, Make("too heavy"), 101);
  EXPECT_FALSE(cache.Get(99));
  EXPECT_TRUE(cache.Get(49));
  cache.Put(99, Make("heavy"), 100);
  EXPECT_TRUE(cache.Get(99));
  EXPECT_FALSE(cache.Get(49));
}

TEST(ClockCache, KeepsWhatIsUsed) {
  ClockCache<int, Value> cache(100);
  for (int i = 0; i < 1000; ++i) {
    cache.Put(i, Make("x"), 10);
    if (i >= 3) {
      EXPECT_TRUE(cache.Get(3)) << i;
    }
  }
  EXPECT_FALSE(cache.Get(900));
}

TEST(ClockCache, AReplacementIsNotCountedTwice) {
  ClockCache<int, Value> cache(100);
  cache.Put(1, Make("x"), 60);
  cache.Put(2, Make("y"), 40);
  for (int i = 0; i < 10; ++i) cache.Put(1, Make("x"), 60);
  EXPECT_TRUE(cache.Get(1));
  EXPECT_TRUE(cache.Get(2));
}

TEST(ClockCache, ShardsHaveTheirPartEach) {
  ClockCache<std::uint64_t, Value> cache(8 * 100, 8);
  std::vector<std::weak_ptr<const std::string>> alive;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    Value value = Make(std::to_string(i));
    alive.emplace_back(value);
    cache.Put(i * 4096, std::move(value), 10);
  }
  int kept = 0;
  for (const auto& value : alive) kept += !value.expired();
  EXPECT_EQ(kept, 80);
  cache.Put(1, Make("heavier than a shard"), 101);
  EXPECT_FALSE(cache.Get(1));
}

/// Everything falls to the same place of the table.
struct Colliding {
  std::size_t operator()(int) const { return 7; }
};

TEST(ClockCache, FindsWhatCollides) {
  ClockCache<int, Value, Colliding> cache(10'000);
  for (int i = 0; i < 300; ++i) cache.Put(i, Make(std::to_string(i)), 10);
  for (int i = 0; i < 300; i += 3) cache.Erase(i);
  for (int i = 0; i < 300; ++i) {
    const auto value = cache.Get(i);
    ASSERT_EQ(value.has_value(), i % 3 != 0) << i;
    if (value) {
      EXPECT_EQ(**value, std::to_string(i));
    }
  }
}

// Against a map, with everything that can be done; nothing is ever too much for it.
TEST(ClockCache, LosesNothingThatItHasRoomFor) {
  std::mt19937 random(1);
  ClockCache<int, Value> cache(1000 * 10);
  std::map<int, std::string> model;
  for (int i = 0; i < 100'000; ++i) {
    const int key = static_cast<int>(random() % 1000);
    switch (random() % 4) {
      case 0:
        cache.Erase(key);
        model.erase(key);
        break;
      case 1:
        model[key] = std::to_string(i);
        cache.Put(key, Make(model[key]), 10);
        break;
      default:
        cache.Prefetch(key);
        const auto value = cache.Get(key);
        ASSERT_EQ(value.has_value(), model.contains(key)) << i;
        if (value) {
          ASSERT_EQ(**value, model[key]) << i;
        }
    }
  }
}

// What was evicted is gone, what was not can be found, and there is no third kind.
TEST(ClockCache, EvictsWithoutLosingOthers) {
  std::mt19937 random(2);
  ClockCache<int, Value> cache(500);
  std::map<int, std::weak_ptr<const std::string>> alive;
  for (int i = 0; i < 20'000; ++i) {
    const int key = static_cast<int>(random() % 400);
    Value value = Make(std::to_string(key));
    alive[key] = value;
    cache.Put(key, std::move(value), 1 + random() % 20);
    const int other = static_cast<int>(random() % 400);
    ASSERT_EQ(cache.Get(other).has_value(), alive.contains(other) && !alive[other].expired()) << i;
  }
}

TEST(ClockCache, OfManyThreads) {
  ClockCache<int, Value> cache(400, 4);
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&cache, thread] {
      for (int i = 0; i < 20'000; ++i) {
        const int key = (i * 7 + thread * 13) % 100;
        cache.Prefetch(key + 1);
        if (const auto value = cache.Get(key)) {
          ASSERT_EQ(**value, std::to_string(key));
        } else {
          cache.Put(key, Make(std::to_string(key)), 10);
        }
        if (i % 50 == 0) cache.Erase(key);
      }
    });
  }
}

}  // namespace
}  // namespace blobgate::engine
