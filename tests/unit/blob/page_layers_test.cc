#include "blob/page_layers.h"

#include <gtest/gtest.h>

namespace blobgate::blob {
namespace {

PageChunk Written(std::uint32_t first, std::uint32_t count, std::uint64_t position) {
  PageRun run;
  run.first = first;
  run.count = count;
  run.extent = {1, position, count * kPageSize, 0};
  PageChunk chunk;
  chunk.Put(run);
  return chunk;
}

PageChunk Cleared(std::uint32_t first, std::uint32_t count) {
  PageRun run;
  run.first = first;
  run.count = count;
  run.cleared = true;
  PageChunk chunk;
  chunk.Put(run);
  return chunk;
}

TEST(PageLineage, ASnapshotIsALayer) {
  PageLineage lineage = PageLineage::New();
  const std::uint64_t first = lineage.layers.back().number;
  EXPECT_FALSE(lineage.HasBelow(first));
  const std::uint64_t second = lineage.Freeze();
  EXPECT_GT(second, first);
  EXPECT_TRUE(lineage.HasBelow(second));
  const auto back = PageLineage::Decode(lineage.Encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, lineage);
  EXPECT_FALSE(lineage.NextStep());
}

TEST(PageLineage, AStateSeesItsLayerAndThoseBelow) {
  PageLineage lineage = PageLineage::New();
  const std::uint64_t one = 1;
  const std::uint64_t two = lineage.Freeze();
  ChunkRows rows;
  rows[one] = Written(0, 10, 0);
  rows[two] = Written(5, 10, 4096);
  rows[two].Cover(Cleared(0, 2));
  const PageChunk snapshot = ViewChunk(lineage, one, 0, rows);
  EXPECT_EQ(snapshot.CountPages(), 10u);
  const PageChunk base = ViewChunk(lineage, two, 0, rows);
  ASSERT_EQ(base.runs().size(), 2u);
  EXPECT_EQ(base.runs()[0].first, 2u);
  EXPECT_EQ(base.runs()[0].layer, one);
  EXPECT_EQ(base.runs()[1].first, 5u);
  EXPECT_EQ(base.runs()[1].layer, two);
}

TEST(PageLineage, ADiffIsWhatLiesAbove) {
  PageLineage lineage = PageLineage::New();
  const std::uint64_t two = lineage.Freeze();
  ChunkRows rows;
  rows[1] = Written(0, 10, 0);
  rows[two] = Written(8, 4, 4096);
  rows[two].Cover(Cleared(2, 3));
  rows[two].Cover(Cleared(100, 50));  // nothing was there
  const auto changes =
      DiffChunk(ViewChunk(lineage, two, 0, rows), ViewChunk(lineage, 1, 0, rows), 1);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].first, 2u);
  EXPECT_EQ(changes[0].count, 3u);
  EXPECT_TRUE(changes[0].cleared);
  EXPECT_EQ(changes[1].first, 8u);
  EXPECT_EQ(changes[1].count, 4u);
  EXPECT_FALSE(changes[1].cleared);
}

TEST(PageLineage, DeletingAMiddleSnapshotMergesUpwards) {
  PageLineage lineage = PageLineage::New();
  const std::uint64_t two = lineage.Freeze();
  const std::uint64_t three = lineage.Freeze();
  ChunkRows rows;
  rows[1] = Written(0, 10, 0);
  rows[two] = Written(4, 4, 4096);
  rows[three] = Written(6, 1, 8192);
  const PageChunk oldest = ViewChunk(lineage, 1, 0, rows);
  PageChunk newest = ViewChunk(lineage, three, 0, rows);

  EXPECT_TRUE(lineage.Disown(two));
  const auto step = lineage.NextStep();
  ASSERT_TRUE(step);
  EXPECT_EQ(step->from, two);
  EXPECT_EQ(step->into, three);
  EXPECT_FALSE(step->bottom);
  rows[three] = MergeChunk(lineage, *step, 0, &rows[two], &rows[three]);
  // Half done: nobody sees a difference.
  EXPECT_EQ(ViewChunk(lineage, three, 0, rows).CountPages(), newest.CountPages());
  rows.erase(two);
  lineage.Finish(*step);
  EXPECT_EQ(lineage.layers.size(), 2u);
  EXPECT_EQ(ViewChunk(lineage, 1, 0, rows), oldest);
  PageChunk merged = ViewChunk(lineage, three, 0, rows);
  merged.SetLayer(0);
  newest.SetLayer(0);
  EXPECT_EQ(merged, newest);
  EXPECT_FALSE(lineage.NextStep());
}

TEST(PageLineage, WithTheOldestGoneNothingNeedsToBeHidden) {
  PageLineage lineage = PageLineage::New();
  const std::uint64_t two = lineage.Freeze();
  lineage.Find(two)->Hide({7, 9});
  lineage.Disown(1);
  const auto step = lineage.NextStep();
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->bottom);
  const PageChunk below = Written(0, 10, 0);
  const PageChunk above = Cleared(5, 10);
  const PageChunk merged = MergeChunk(lineage, *step, 0, &below, &above);
  EXPECT_EQ(merged.CountPages(), 5u);
  EXPECT_EQ(merged.runs().size(), 1u);
  EXPECT_TRUE(MergeChunk(lineage, *step, 8, &below, nullptr).empty());
  lineage.Finish(*step);
  ASSERT_EQ(lineage.layers.size(), 1u);
  EXPECT_TRUE(lineage.layers[0].masks.empty());
}

TEST(PageLineage, TheNewestLayerGoesWithoutMerging) {
  PageLineage lineage = PageLineage::New();
  const std::uint64_t two = lineage.Freeze();
  lineage.Disown(two);
  const auto step = lineage.NextStep();
  ASSERT_TRUE(step);
  EXPECT_EQ(step->from, two);
  EXPECT_FALSE(step->into);
  lineage.Finish(*step);
  lineage.Disown(1);
  EXPECT_FALSE(lineage.AnyOwned());
  lineage.Finish(*lineage.NextStep());
  EXPECT_TRUE(lineage.layers.empty());
}

TEST(PageLineage, AMaskHidesWholeChunksOfAllBelow) {
  PageLineage lineage = PageLineage::New();
  const std::uint64_t two = lineage.Freeze();
  lineage.Find(two)->Hide({10, kChunksEnd});
  ChunkRows rows;
  rows[1] = Written(0, 10, 0);
  EXPECT_FALSE(ViewChunk(lineage, two, 9, rows).empty());
  EXPECT_TRUE(ViewChunk(lineage, two, 10, rows).empty());
  EXPECT_FALSE(ViewChunk(lineage, 1, 10, rows).empty());
  rows[two] = Written(3, 1, 4096);
  EXPECT_EQ(ViewChunk(lineage, two, 10, rows).CountPages(), 1u);
}

TEST(PageLayer, MasksStayApart) {
  PageLayer layer;
  layer.Hide({5, 10});
  layer.Hide({20, 30});
  layer.Hide({10, 12});
  layer.Hide({40, 40});
  EXPECT_EQ(layer.masks, (std::vector<ChunkRange>{{5, 12}, {20, 30}}));
  layer.Hide({11, 20});
  EXPECT_EQ(layer.masks, (std::vector<ChunkRange>{{5, 30}}));
}

TEST(PageLineage, MalformedRowsAreCorruption) {
  PageLineage lineage = PageLineage::New();
  lineage.Freeze();
  lineage.layers[1].number = lineage.layers[0].number;
  EXPECT_FALSE(PageLineage::Decode(lineage.Encode()));
  lineage.layers[1].number = 0;
  EXPECT_FALSE(PageLineage::Decode(lineage.Encode()));
  lineage.layers[1].number = 2;
  lineage.layers[1].masks = {{5, 10}, {10, 11}};
  EXPECT_FALSE(PageLineage::Decode(lineage.Encode()));
  lineage.layers[1].masks = {{5, kChunksEnd + 1}};
  EXPECT_FALSE(PageLineage::Decode(lineage.Encode()));
}

}  // namespace
}  // namespace blobgate::blob
