// What a check of a whole store takes a row for.
#include "operations/maintenance/row_inspection.h"

#include <gtest/gtest.h>

#include "blob/keys.h"
#include "blob/page_layers.h"
#include "blob/records.h"
#include "operations/copy/copy_job.h"

namespace blobgate::operations {
namespace {

using Kind = InspectedRow::Kind;

engine::ExtentRef Extent(std::uint64_t position, std::uint64_t length) {
  return {7, position, length, position * 31};
}

Result<std::string> NoExtent(const engine::ExtentRef&) {
  return Fail(Errc::kCorruption, "not readable");
}

blob::Block OneSlice(std::uint64_t position, std::uint64_t offset, std::uint64_t length) {
  blob::Block block;
  block.size = length;
  block.slices = {{Extent(position, 100'000), offset, length}};
  return block;
}

blob::BlobRecord BlobOf(std::vector<blob::Block> blocks) {
  blob::BlobRecord record;
  for (const blob::Block& block : blocks) record.length += block.size;
  record.content.blocks = std::move(blocks);
  return record;
}

const std::string kSpace = blob::ContainerSpace("0123");

Result<InspectedRow> InspectBlob(const blob::BlobRecord& record) {
  return InspectRow(kSpace, blob::BlobKey("dir/name"), record.Encode(), NoExtent);
}

TEST(RowInspection, ABlobUsesItsSlicesAtTheirOffsets) {
  const auto row = InspectBlob(BlobOf({OneSlice(0, 10, 500), OneSlice(8192, 0, 300)}));
  ASSERT_TRUE(row) << row.error().detail;
  EXPECT_EQ(row->kind, Kind::kBlob);
  EXPECT_EQ(row->name, "dir/name");
  EXPECT_EQ(row->length, 800u);
  ASSERT_EQ(row->uses.size(), 2u);
  EXPECT_EQ(row->uses[0].extent, Extent(0, 100'000));
  EXPECT_EQ(row->uses[0].extent_offset, 10u);
  EXPECT_EQ(row->uses[1].blob_offset, 500u);
  EXPECT_EQ(row->uses[1].length, 300u);
}

TEST(RowInspection, AManifestIsReadAndIsAUseItself) {
  blob::BlobRecord record = BlobOf({OneSlice(0, 0, 500)});
  std::string manifest;
  record.content.EncodeTo(manifest);
  record.content = {};
  record.manifest = Extent(16384, manifest.size());
  auto read = [&](const engine::ExtentRef& ref) -> Result<std::string> {
    EXPECT_EQ(ref, *record.manifest);
    return manifest;
  };
  const auto row = InspectRow(kSpace, blob::BlobKey("b"), record.Encode(), read);
  ASSERT_TRUE(row) << row.error().detail;
  ASSERT_EQ(row->uses.size(), 2u);
  EXPECT_TRUE(row->uses[0].manifest);
  EXPECT_EQ(row->uses[0].length, 500u) << "without it nothing of the blob can be read";
  EXPECT_FALSE(row->uses[1].manifest);
  EXPECT_TRUE(row->manifest_error.empty());

  const auto unread = InspectBlob(record);
  ASSERT_TRUE(unread);
  EXPECT_EQ(unread->uses.size(), 1u);
  EXPECT_EQ(unread->manifest_error, "not readable");
}

TEST(RowInspection, PartsThatDoNotAddUpAreCorruption) {
  blob::BlobRecord record = BlobOf({OneSlice(0, 0, 500)});
  record.length = 501;
  EXPECT_FALSE(InspectBlob(record));
  EXPECT_FALSE(InspectBlob(BlobOf({OneSlice(0, 99'999, 2)}))) << "beyond its extent";
  record.copy.status = blob::CopyState::Status::kPending;
  EXPECT_TRUE(InspectBlob(record)) << "its content is still on its way";
}

TEST(RowInspection, AnUncommittedBlockAndTheirMark) {
  blob::StagedBlock staged;
  staged.block = OneSlice(0, 0, 42);
  staged.block.id = "aWQ=";
  const std::string key = blob::StagedKey("name", 5, "aWQ=");
  const auto row = InspectRow(kSpace, key, staged.Encode(), NoExtent);
  ASSERT_TRUE(row) << row.error().detail;
  EXPECT_EQ(row->kind, Kind::kUncommittedBlock);
  EXPECT_EQ(row->name, "name");
  EXPECT_EQ(row->block, "aWQ=");
  EXPECT_EQ(row->uses.size(), 1u);
  EXPECT_FALSE(InspectRow(kSpace, blob::StagedKey("name", 5, "b3Q="), staged.Encode(), NoExtent));

  const auto mark =
      InspectRow(kSpace, blob::StagedKey("name", 5, ""), blob::StagedBlock().Encode(), NoExtent);
  ASSERT_TRUE(mark) << mark.error().detail;
  EXPECT_EQ(mark->kind, Kind::kOther);
}

TEST(RowInspection, ABlockOfAnAppendBlobAndTheLineage) {
  blob::AppendedBlock block;
  block.offset = 100;
  block.block = OneSlice(0, 7, 42);
  const auto row = InspectRow(kSpace, blob::AppendKey("name", 5, 142), block.Encode(), NoExtent);
  ASSERT_TRUE(row) << row.error().detail;
  EXPECT_EQ(row->kind, Kind::kAppendedBlock);
  EXPECT_EQ(row->name, "name");
  ASSERT_EQ(row->uses.size(), 1u);
  EXPECT_EQ(row->uses[0].blob_offset, 100u);
  EXPECT_EQ(row->uses[0].extent_offset, 7u);
  EXPECT_FALSE(InspectRow(kSpace, blob::AppendKey("name", 5, 143), block.Encode(), NoExtent));
  EXPECT_FALSE(InspectRow(kSpace, "dname", block.Encode(), NoExtent));
  const auto lineage =
      InspectRow(kSpace, blob::AppendPrefix("name", 5), blob::AppendLineage().Encode(), NoExtent);
  ASSERT_TRUE(lineage);
  EXPECT_EQ(lineage->kind, Kind::kOther);
}

TEST(RowInspection, PagesHoldEachExtentOnce) {
  blob::PageChunk chunk;
  blob::PageRun run;
  run.first = 4;
  run.count = 2;
  run.extent = Extent(0, 100'000);
  run.offset = 512;
  chunk.Put(run);
  run.first = 10;
  run.offset = 4096;
  chunk.Put(run);
  run = {};
  run.first = 20;
  run.count = 5;
  run.cleared = true;
  chunk.Put(run);
  const auto row =
      InspectRow(kSpace, blob::PageChunkKey("name", 5, 1, 2), chunk.Encode(), NoExtent);
  ASSERT_TRUE(row) << row.error().detail;
  EXPECT_EQ(row->kind, Kind::kPages);
  ASSERT_EQ(row->uses.size(), 2u);
  EXPECT_EQ(row->uses[0].blob_offset, 2 * blob::kPageChunk + 4 * 512);
  EXPECT_EQ(row->uses[0].length, 1024u);
  EXPECT_FALSE(row->uses[0].more);
  EXPECT_TRUE(row->uses[1].more);
  EXPECT_FALSE(InspectRow(kSpace, blob::PageLayerPrefix("name", 5, 1), chunk.Encode(), NoExtent));
  EXPECT_FALSE(InspectRow(kSpace, blob::PageChunkKey("name", 5, 1, blob::kChunksEnd),
                          chunk.Encode(), NoExtent));
  const auto lineage =
      InspectRow(kSpace, blob::PagePrefix("name", 5), blob::PageLineage::New().Encode(), NoExtent);
  ASSERT_TRUE(lineage);
  EXPECT_EQ(lineage->kind, Kind::kOther);
  EXPECT_TRUE(InspectRow(kSpace, blob::LeftoverKey("name", 5), "q", NoExtent));
  EXPECT_FALSE(InspectRow(kSpace, blob::LeftoverKey("name", 5), "z", NoExtent));
}

TEST(RowInspection, RowsOfAnAccount) {
  const std::string space = blob::AccountSpace("acct");
  EXPECT_EQ(AccountOfSpace(space), "acct");
  EXPECT_EQ(IncarnationOfSpace(kSpace), "0123");
  EXPECT_EQ(AccountOfSpace(kSpace), "");
  blob::ContainerRecord record;
  record.incarnation = "0123";
  auto row = InspectRow(space, blob::ContainerKey("c"), record.Encode(), NoExtent);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->kind, Kind::kContainer);
  EXPECT_EQ(row->name, "c");
  EXPECT_EQ(row->incarnation, "0123");
  row = InspectRow(space, blob::GarbageKey("4567"), "gone", NoExtent);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->kind, Kind::kDeletedContainer);
  EXPECT_EQ(row->name, "gone");
  EXPECT_EQ(row->incarnation, "4567");
  EXPECT_TRUE(InspectRow(space, blob::ServicePropertiesKey(), "<x/>", NoExtent));
  EXPECT_FALSE(InspectRow(space, blob::CopyJobKey("1"), CopyJob().Encode(), NoExtent));
}

TEST(RowInspection, WhatNobodyWritesIsCorruption) {
  for (const auto& [space, key] :
       {std::pair{kSpace, std::string("z")}, std::pair{kSpace, std::string("bname")},
        std::pair{blob::AccountSpace("acct"), std::string("z")},
        std::pair{std::string("q/x"), blob::BlobKey("b")}}) {
    const auto row = InspectRow(space, key, "", NoExtent);
    ASSERT_FALSE(row) << key;
    EXPECT_EQ(row.error().code, Errc::kCorruption);
  }
  EXPECT_TRUE(InspectRow(kSpace, blob::AliveKey(), "1", NoExtent));
}

}  // namespace
}  // namespace blobgate::operations
