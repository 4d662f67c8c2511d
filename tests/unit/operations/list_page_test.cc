#include "operations/list_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace blobgate::operations {
namespace {

struct Item {
  std::string key;
  std::size_t weight = 1;
};

std::vector<std::string> KeysOf(const Page<Item>& page) {
  std::vector<std::string> keys;
  for (const Item& item : page.entries) keys.push_back(item.key);
  return keys;
}

Page<Item> PageOf(std::initializer_list<const char*> keys, std::string next = {}) {
  Page<Item> page;
  for (const char* key : keys) page.entries.push_back({key});
  page.next = std::move(next);
  return page;
}

/// Drives a walk over rows as an engine does.
Result<Page<Item>> Walk(const std::map<std::string, std::string>& rows, const std::string& from,
                        PageLimits limits, RowReader<Item> reader) {
  PageWalk<Item> walk(limits, std::move(reader));
  auto at = rows.lower_bound(from);
  while (at != rows.end()) {
    auto step = walk.Visit(at->first, at->second);
    if (step.kind == engine::ScanStep::Kind::kStop) break;
    at = step.kind == engine::ScanStep::Kind::kSeek ? rows.lower_bound(step.seek_to) : ++at;
  }
  return walk.Take();
}

Result<ListedRow<Item>> Everything(std::string_view key, std::string_view) {
  return ListedRow<Item>{Item{std::string(key)}, {}};
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(PageWalk, StopsBeforeTheFirstEntryThatDoesNotFit) {
  const std::map<std::string, std::string> rows{{"a", ""}, {"b", ""}, {"c", ""}};
  auto page = Walk(rows, "", {.entries = 2}, Everything);
  ASSERT_TRUE(page);
  EXPECT_THAT(KeysOf(*page), ElementsAre("a", "b"));
  EXPECT_EQ(page->next, "c");
}

TEST(PageWalk, AFullPageAtTheEndHasNoNext) {
  const std::map<std::string, std::string> rows{{"a", ""}, {"b", ""}};
  auto page = Walk(rows, "", {.entries = 2}, Everything);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->next, "");
}

TEST(PageWalk, SkippedRowsAfterAFullPageDoNotMakeANextPage) {
  const std::map<std::string, std::string> rows{{"a", ""}, {"b", "skip"}, {"c", "skip"}};
  auto reader = [](std::string_view key, std::string_view value) -> Result<ListedRow<Item>> {
    if (value == "skip") return ListedRow<Item>{};
    return Everything(key, value);
  };
  auto page = Walk(rows, "", {.entries = 1}, reader);
  ASSERT_TRUE(page);
  EXPECT_THAT(KeysOf(*page), ElementsAre("a"));
  EXPECT_EQ(page->next, "");
}

TEST(PageWalk, ARunOfSkippedRowsEndsThePage) {
  std::map<std::string, std::string> rows;
  for (int i = 100; i < 200; ++i) rows[std::to_string(i)] = "";
  auto nothing = [](std::string_view, std::string_view) -> Result<ListedRow<Item>> {
    return ListedRow<Item>{};
  };
  auto page = Walk(rows, "", {.rows = 10}, nothing);
  ASSERT_TRUE(page);
  EXPECT_THAT(page->entries, IsEmpty());
  EXPECT_EQ(page->next, "110");
}

TEST(PageWalk, WeightEndsThePage) {
  const std::map<std::string, std::string> rows{{"a", ""}, {"b", ""}, {"c", ""}};
  auto heavy = [](std::string_view key, std::string_view) -> Result<ListedRow<Item>> {
    return ListedRow<Item>{Item{std::string(key), 60}, {}};
  };
  auto page = Walk(rows, "", {.bytes = 100}, heavy);
  ASSERT_TRUE(page);
  EXPECT_THAT(KeysOf(*page), ElementsAre("a", "b"));
  EXPECT_EQ(page->next, "c");
}

TEST(PageWalk, AnUnreadableRowFailsThePage) {
  const std::map<std::string, std::string> rows{{"a", ""}, {"b", ""}};
  auto broken = [](std::string_view key, std::string_view value) -> Result<ListedRow<Item>> {
    if (key == "b") return Fail(Errc::kCorruption, "bad row");
    return Everything(key, value);
  };
  auto page = Walk(rows, "", {}, broken);
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Errc::kCorruption);
}

TEST(MergePages, OrdersAndDropsRepeats) {
  auto merged = MergePages<Item>({PageOf({"a", "c/", "e"}), PageOf({"b", "c/", "d"})}, 10);
  EXPECT_THAT(KeysOf(merged), ElementsAre("a", "b", "c/", "d", "e"));
  EXPECT_EQ(merged.next, "");
}

TEST(MergePages, ShowsNothingBeyondAWalkThatStopped) {
  auto merged = MergePages<Item>({PageOf({"a", "z"}), PageOf({"b", "c"}, "d")}, 10);
  EXPECT_THAT(KeysOf(merged), ElementsAre("a", "b", "c"));
  EXPECT_EQ(merged.next, "d");
}

TEST(MergePages, CutsAtTheLimit) {
  auto merged = MergePages<Item>({PageOf({"a", "c"}), PageOf({"b", "d"}, "x")}, 3);
  EXPECT_THAT(KeysOf(merged), ElementsAre("a", "b", "c"));
  EXPECT_EQ(merged.next, "d");
}

TEST(MergePages, NoPartitionsMeansAnEmptyPage) {
  auto merged = MergePages<Item>({}, 10);
  EXPECT_THAT(merged.entries, IsEmpty());
  EXPECT_EQ(merged.next, "");
}

// Rows spread over partitions at random, pages of random size: every row once, in order.
TEST(MergePages, PagesOverSeveralPartitionsAreTheWholeSet) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::map<std::string, std::string>> partitions(1 + random() % 4);
    std::set<std::string> model;
    for (unsigned i = random() % 200; i > 0; --i) {
      const std::string key = "k" + std::to_string(random() % 1000);
      if (model.insert(key).second) partitions[random() % partitions.size()][key] = "";
    }
    std::vector<std::string> listed;
    std::string from = "k";
    do {
      const PageLimits limits{.entries = 1 + random() % 20, .rows = 1 + random() % 30};
      std::vector<Page<Item>> pages;
      for (const auto& rows : partitions) {
        auto page = Walk(rows, from, limits, Everything);
        ASSERT_TRUE(page);
        pages.push_back(std::move(*page));
      }
      auto merged = MergePages(std::move(pages), limits.entries);
      EXPECT_LE(merged.entries.size(), limits.entries);
      for (auto& key : KeysOf(merged)) listed.push_back(std::move(key));
      ASSERT_TRUE(merged.next.empty() || merged.next > from);
      from = merged.next;
    } while (!from.empty());
    EXPECT_EQ(listed, std::vector<std::string>(model.begin(), model.end()));
  }
}

}  // namespace
}  // namespace blobgate::operations
