// Uncommitted blocks go a week after the last Put Block, by the clock of the services.
#include "operations/block/staged_expiry.h"

#include <gtest/gtest.h>

#include <string>

#include "blob/keys.h"
#include "blob/records.h"
#include "operations/handlers.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

using std::chrono::hours;

class StagedExpiryTest : public ::testing::Test {
 protected:
  StagedExpiryTest() { EXPECT_EQ(h.Run(CreateContainer, "PUT /c?restype=container").status, 201u); }

  void Stage(const std::string& name, const std::string& id, const std::string& body) {
    const std::string escaped = PercentEncode(Base64Encode(id));
    ASSERT_EQ(h.Run(PutBlock, "PUT /c/" + name + "?comp=block&blockid=" + escaped, body).status,
              201u);
  }
  void PutWhole(const std::string& name, const std::string& body) {
    ASSERT_EQ(h.Run(PutBlob, "PUT /c/" + name + "\nx-ms-blob-type: BlockBlob", body).status, 201u);
  }
  test::Reply BlockList(const std::string& name) {
    return h.Run(GetBlockList, "GET /c/" + name + "?comp=blocklist&blocklisttype=all");
  }
  bool HasBlock(const std::string& name, const std::string& id) {
    return BlockList(name).body.find("<Name>" + Base64Encode(id) + "</Name>") != std::string::npos;
  }
  void Expire() { EXPECT_TRUE(h.Await(ExpireStagedBlocks(h.services, {"acct"}))); }
  std::uint64_t LiveBytes() { return h.engine->Stats().live_bytes; }

  engine::PartitionRef PartitionOf(const std::string& name) {
    const std::string account = blob::AccountSpace("acct");
    const auto owner = *test::RunInline(h.engine->catalog().Locate(account, "c"));
    const auto row = *test::RunInline(h.engine->catalog().Get(owner, blob::ContainerKey("c")));
    const auto record = *blob::ContainerRecord::Decode(row->value);
    const std::string space = blob::ContainerSpace(record.incarnation);
    return *test::RunInline(h.engine->catalog().Locate(space, name));
  }
  /// What a Put Block does to the mark.
  void Touch(const std::string& name) {
    const auto partition = PartitionOf(name);
    const auto row = *test::RunInline(h.engine->catalog().Get(partition, blob::BlobKey(name)));
    const auto record = *blob::BlobRecord::Decode(row->value);
    blob::StagedBlock mark;
    mark.staged = h.clock.Now();
    mark.count = 1;
    engine::Batch batch;
    batch.puts.push_back({blob::StagedKey(name, record.staged_generation, {}), mark.Encode()});
    ASSERT_TRUE(test::RunInline(h.engine->catalog().Commit(partition, std::move(batch))));
  }

  test::OperationHarness h;
};

TEST_F(StagedExpiryTest, AWeekAfterTheLastPutBlock) {
  Stage("b", "one", "first");
  h.clock.Advance(hours(6 * 24));
  Stage("b", "two", "second");
  h.clock.Advance(kStagedLifetime);
  Expire();
  EXPECT_TRUE(HasBlock("b", "one")) << "exactly a week is not more than a week";
  h.clock.Advance(hours(1));
  Expire();
  EXPECT_EQ(BlockList("b").status, 404u);
  EXPECT_EQ(LiveBytes(), 0u);
  Stage("b", "a longer id than before", "again");
  EXPECT_TRUE(HasBlock("b", "a longer id than before"));
}

TEST_F(StagedExpiryTest, TheCommittedBlobStaysAsItIs) {
  PutWhole("b", "content");
  const std::string etag = h.Run(GetBlobProperties, "HEAD /c/b").Header("ETag");
  Stage("b", "one", "uncommitted");
  h.clock.Advance(kStagedLifetime + hours(1));
  Expire();
  EXPECT_FALSE(HasBlock("b", "one"));
  const auto blob = h.Run(GetBlob, "GET /c/b");
  EXPECT_EQ(blob.body, "content");
  EXPECT_EQ(blob.Header("ETag"), etag);
  EXPECT_EQ(LiveBytes(), std::string("content").size());
}

TEST_F(StagedExpiryTest, OnlyTheOldOnesAmongMany) {
  for (int i = 0; i < 1200; ++i) Stage("old/" + std::to_string(i), "id", "x");
  h.clock.Advance(kStagedLifetime);
  for (int i = 0; i < 50; ++i) Stage("old/" + std::to_string(i * 20) + "x", "id", "y");
  h.clock.Advance(hours(1));
  Expire();
  EXPECT_EQ(LiveBytes(), 50u);
  EXPECT_TRUE(HasBlock("old/20x", "id"));
  EXPECT_EQ(BlockList("old/20").status, 404u);
}

TEST_F(StagedExpiryTest, APutBlockThatComesMeanwhileKeepsThem) {
  Stage("b", "one", "first");
  h.clock.Advance(kStagedLifetime + hours(1));
  test::WrappedEngine<test::InterruptingCatalog> engine(*h.engine);
  Services services{engine, h.clock, h.etags, h.sources, h.background};
  engine.wrapped.BeforeCommit(1, [this] { Touch("b"); });
  EXPECT_TRUE(h.Await(ExpireStagedBlocks(services, {"acct"})));
  EXPECT_TRUE(HasBlock("b", "one"));
}

TEST_F(StagedExpiryTest, AFailedCommitIsTriedByTheNextPass) {
  Stage("b", "one", "first");
  h.clock.Advance(kStagedLifetime + hours(1));
  h.faults->FailNextCommit(Errc::kNoSpace);
  Expire();
  EXPECT_TRUE(HasBlock("b", "one"));
  Expire();
  EXPECT_EQ(BlockList("b").status, 404u);
}

TEST_F(StagedExpiryTest, AFailedScanIsReported) {
  h.faults->FailNext(engine::MemoryFaults::Point::kScan, Errc::kIoError);
  EXPECT_FALSE(h.Await(ExpireStagedBlocks(h.services, {"acct"})));
}

}  // namespace
}  // namespace blobgate::operations
