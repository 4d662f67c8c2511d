#include "blob/page_chunk.h"

#include <gtest/gtest.h>

#include <random>

namespace blobgate::blob {
namespace {

engine::ExtentRef Extent(std::uint64_t position, std::uint64_t pages) {
  return {3, position, pages * kPageSize, position * 7};
}

PageRun Pages(std::uint32_t first, std::uint32_t count, const engine::ExtentRef& extent,
              std::uint64_t from_page = 0) {
  PageRun run;
  run.first = first;
  run.count = count;
  run.extent = extent;
  run.offset = from_page * kPageSize;
  return run;
}

PageRun Cleared(std::uint32_t first, std::uint32_t count) {
  PageRun run;
  run.first = first;
  run.count = count;
  run.cleared = true;
  return run;
}

TEST(PageChunk, AWriteCutsWhatItCovers) {
  PageChunk chunk;
  chunk.Put(Pages(10, 10, Extent(0, 10)));
  chunk.Put(Pages(13, 3, Extent(4096, 3)));
  ASSERT_EQ(chunk.runs().size(), 3u);
  EXPECT_EQ(chunk.runs()[0], Pages(10, 3, Extent(0, 10)));
  EXPECT_EQ(chunk.runs()[1], Pages(13, 3, Extent(4096, 3)));
  EXPECT_EQ(chunk.runs()[2], Pages(16, 4, Extent(0, 10), 6));
  EXPECT_EQ(chunk.Extents(), (std::vector{Extent(0, 10), Extent(4096, 3)}));
  EXPECT_EQ(chunk.CountPages(), 10u);
  chunk.Put(Pages(0, kPagesInChunk, Extent(8192, kPagesInChunk)));
  EXPECT_EQ(chunk.Extents(), std::vector{Extent(8192, kPagesInChunk)});
}

TEST(PageChunk, RunsThatContinueEachOtherBecomeOne) {
  PageChunk chunk;
  chunk.Put(Pages(5, 2, Extent(0, 10), 2));
  chunk.Put(Pages(0, 5, Extent(0, 10), 5));  // next to it, but not in the extent
  EXPECT_EQ(chunk.runs().size(), 2u);
  chunk.Put(Pages(7, 4, Extent(0, 10), 4));
  ASSERT_EQ(chunk.runs().size(), 2u);
  EXPECT_EQ(chunk.runs()[1], Pages(5, 6, Extent(0, 10), 2));
  chunk.Put(Cleared(20, 1));
  chunk.Put(Cleared(21, 5));
  EXPECT_EQ(chunk.runs().size(), 3u);
}

TEST(PageChunk, EraseLeavesNothingAndClearLeavesAMark) {
  PageChunk chunk;
  chunk.Put(Pages(0, 100, Extent(0, 100)));
  chunk.Erase(10, 80);
  ASSERT_EQ(chunk.runs().size(), 2u);
  EXPECT_EQ(chunk.runs()[1], Pages(90, 10, Extent(0, 100), 90));
  chunk.Put(Cleared(0, kPagesInChunk));
  EXPECT_EQ(chunk.runs(), std::vector{Cleared(0, kPagesInChunk)});
  EXPECT_TRUE(chunk.Extents().empty());
  chunk.EraseCleared();
  EXPECT_TRUE(chunk.empty());
}

TEST(PageChunk, CoverPutsEveryRunInFront) {
  PageChunk below;
  below.Put(Pages(0, 50, Extent(0, 50)));
  PageChunk above;
  above.Put(Pages(10, 5, Extent(4096, 5)));
  above.Put(Cleared(30, 30));
  below.Cover(above);
  ASSERT_EQ(below.runs().size(), 4u);
  EXPECT_EQ(below.runs()[2], Pages(15, 15, Extent(0, 50), 15));
  EXPECT_EQ(below.runs()[3], Cleared(30, 30));
}

TEST(PageChunk, EncodedAndBack) {
  PageChunk chunk;
  chunk.Put(Pages(0, 3, Extent(0, 100), 97));
  chunk.Put(Cleared(3, 1));
  chunk.Put(Pages(kPagesInChunk - 1, 1, Extent(0, 100)));
  chunk.Put(Pages(77, 1, Extent(4096, 1)));
  const auto back = PageChunk::Decode(chunk.Encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, chunk);
  EXPECT_TRUE(PageChunk::Decode(PageChunk().Encode())->empty());
}

TEST(PageChunk, TheWorstRowFitsIntoTheCatalog) {
  PageChunk chunk;
  for (std::uint32_t page = 0; page < kPagesInChunk; ++page) {
    const std::uint64_t offset = (page * 2654435761u) % 8192;
    auto extent = Extent(page % kMaxExtents * 4096, 500'000);
    chunk.Put(Pages(page, 1, extent, 400'000 + offset));
  }
  EXPECT_EQ(chunk.runs().size(), kPagesInChunk);
  EXPECT_LT(chunk.Encode().size(), 60u * 1024);
}

TEST(PageChunk, MalformedRowsAreCorruption) {
  PageChunk chunk;
  chunk.Put(Pages(1, 5, Extent(0, 5)));
  chunk.Put(Pages(10, 5, Extent(4096, 5)));
  const std::string good = chunk.Encode();
  for (std::size_t i = 1; i < good.size(); ++i) {
    const auto cut = PageChunk::Decode(std::string_view(good).substr(0, i));
    if (cut) EXPECT_NE(*cut, chunk) << i;
  }
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    const auto decoded = PageChunk::Decode(bad);  // whatever it is, it keeps the rules
    if (!decoded) continue;
    std::uint32_t at = 0;
    for (const PageRun& run : decoded->runs()) {
      EXPECT_GE(run.first, at);
      EXPECT_GT(run.count, 0u);
      at = run.end();
      EXPECT_LE(at, kPagesInChunk);
      if (run.cleared) continue;
      EXPECT_LE(run.offset + run.count * kPageSize, run.extent.length);
    }
  }
}

TEST(PageChunk, TooManyExtentsAreGathered) {
  PageChunk chunk;
  chunk.Put(Pages(0, 4000, Extent(0, 4000)));
  for (std::uint32_t i = 0; i < kMaxExtents - 1; ++i) {
    chunk.Put(Pages(i * 40, 1, Extent(100'000 + i * 4096, 1)));
  }
  EXPECT_TRUE(PlanGather(chunk).empty());
  chunk.Put(Pages(3999, 1, Extent(99'999, 1)));
  const auto runs = PlanGather(chunk);
  EXPECT_EQ(runs.size(), kMaxExtents / 2 + 1);  // the small ones; the large one stays
  std::uint64_t pages = 0;
  for (const PageRun& run : runs) pages += run.count;
  PageChunk gathered = chunk;
  Gather(gathered, runs, Extent(777, pages));
  EXPECT_EQ(gathered.Extents().size(), kMaxExtents / 2 + 1);
  EXPECT_EQ(gathered.CountPages(), chunk.CountPages());
  EXPECT_TRUE(PlanGather(gathered).empty());
}

TEST(PageChunk, MostlyCoveredExtentsAreGathered) {
  PageChunk chunk;
  for (std::uint32_t i = 0; i < 4; ++i) {  // each leaves one page of the one before
    chunk.Put(Pages(i, kPagesInChunk - i, Extent(i * 4096, kPagesInChunk - i)));
  }
  const auto runs = PlanGather(chunk);
  ASSERT_EQ(runs.size(), 3u);
  for (const PageRun& run : runs) EXPECT_EQ(run.count, 1u);
}

}  // namespace
}  // namespace blobgate::blob
