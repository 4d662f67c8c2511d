#include "base/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace blobgate {
namespace {

struct Pair {
  int first = 0;
  int second = 0;
};

std::shared_ptr<const Pair> Both(int value) {
  return std::make_shared<const Pair>(value, value);
}

TEST(Published, TheLastOneSetIsRead) {
  Published<Pair> published(Both(1));
  EXPECT_EQ(published.Get()->first, 1);
  published.Set(Both(2));
  EXPECT_EQ(published.Get()->first, 2);
}

TEST(Published, WhoHasAValueKeepsIt) {
  Published<Pair> published(Both(1));
  const auto kept = published.Get();
  published.Set(Both(2));
  EXPECT_EQ(kept->first, 1);
  std::weak_ptr<const Pair> old = kept;
  EXPECT_EQ(published.Get()->first, 2);
  EXPECT_EQ(old.use_count(), 1) << "only `kept` has it";
}

TEST(Published, TwoOfATypeOnOneThread) {
  Published<Pair> one(Both(1));
  for (int i = 0; i < 3; ++i) {
    Published<Pair> two(Both(10 + i));  // perhaps where the last one was
    EXPECT_EQ(one.Get()->first, 1);
    EXPECT_EQ(two.Get()->first, 10 + i);
  }
}

TEST(Published, ReadersSeeWholeValuesThatNeverGoBack) {
  Published<Pair> published(Both(0));
  std::atomic<bool> end = false;
  std::vector<std::thread> readers;
  std::atomic<int> bad = 0;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      int last = 0;
      while (!end) {
        const auto seen = published.Get();
        if (seen->first != seen->second || seen->first < last) ++bad;
        last = seen->first;
      }
    });
  }
  for (int value = 1; value <= 20'000; ++value) {
    published.Set(Both(value));
    if (published.Get()->first != value) ++bad;
  }
  end = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(bad, 0);
}

}  // namespace
}  // namespace blobgate
