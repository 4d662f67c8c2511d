#include "operations/container/collector.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <string>

#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

constexpr CollectorLimits kSmall{.rows = 3, .row_bytes = 4096, .releases = 5, .longest_rest = {}};

class CollectorTest : public ::testing::Test {
 protected:
  CollectorTest() {
    Create("c");
    Create("other");
  }

  void Create(const std::string& name) {
    ASSERT_EQ(h.Run(CreateContainer, "PUT /" + name + "?restype=container").status, 201u);
  }
  void PutBlob(const std::string& path, std::string body) {
    const auto reply = h.Run(operations::PutBlob,
                             "PUT /" + path + "\nx-ms-blob-type: BlockBlob\nContent-Length: " +
                                 std::to_string(body.size()),
                             std::move(body));
    ASSERT_EQ(reply.status, 201u) << reply.code;
  }
  void PutBlock(const std::string& path, const std::string& id, std::string body) {
    const std::string escaped = PercentEncode(Base64Encode(id));
    const auto reply = h.Run(operations::PutBlock,
                             "PUT /" + path + "?comp=block&blockid=" + escaped, std::move(body));
    ASSERT_EQ(reply.status, 201u) << reply.code;
  }
  /// A blob of so many blocks that its block list is an extent of its own.
  void PutLongBlockList(const std::string& path) {
    std::string list = "<BlockList>";
    for (int i = 1000; i < 1300; ++i) {
      const std::string id = "block-with-a-long-name-" + std::to_string(i);
      PutBlock(path, id, "x" + std::to_string(i));
      list += "<Latest>" + Base64Encode(id) + "</Latest>";
    }
    const auto reply =
        h.Run(PutBlockList, "PUT /" + path + "?comp=blocklist", list + "</BlockList>");
    ASSERT_EQ(reply.status, 201u) << reply.code;
  }
  void Copy(const std::string& from, const std::string& to) {
    const auto reply = h.Run(CopyBlobFromUrl, "PUT /" + to +
                                                  "\nx-ms-requires-sync: true"
                                                  "\nx-ms-copy-source: http://local/" +
                                                  from);
    ASSERT_EQ(reply.status, 202u) << reply.code;
  }

  /// Deletes container `c`, but does not collect it.
  DeletedContainer Delete() {
    auto container = h.Await(LoadContainer(h.services, "acct", "c"));
    EXPECT_TRUE(container);
    EXPECT_EQ(h.Run(DeleteContainer, "DELETE /c?restype=container").status, 202u);
    h.background.entries.clear();
    return {"acct", "c", (*container)->record.incarnation};
  }

  engine::PartitionRef PartitionOf(const DeletedContainer& container) {
    const std::string space = blob::ContainerSpace(container.incarnation);
    return *h.Await(h.engine->catalog().Locate(space, ""));
  }
  void PutRow(const DeletedContainer& container, std::string key, std::string value) {
    engine::Batch batch;
    batch.puts.push_back({std::move(key), std::move(value)});
    ASSERT_TRUE(h.Await(h.engine->catalog().Commit(PartitionOf(container), std::move(batch))));
  }
  std::vector<std::string> KeysIn(engine::PartitionRef partition) {
    std::vector<std::string> keys;
    engine::ScanVisitor visitor = [&keys](std::string_view key, std::string_view,
                                          engine::RowVersion) {
      keys.emplace_back(key);
      return engine::ScanStep::Next();
    };
    EXPECT_TRUE(h.Await(h.engine->catalog().Scan(partition, "", "", visitor)));
    return keys;
  }
  std::vector<std::string> Rows(const DeletedContainer& container) {
    return KeysIn(PartitionOf(container));
  }
  bool HasGarbageRow(const DeletedContainer& container) {
    const std::string space = blob::AccountSpace("acct");
    const std::string key = blob::GarbageKey(container.incarnation);
    const auto partition = h.Await(h.engine->catalog().Locate(space, container.name));
    return h.Await(h.engine->catalog().Get(*partition, key))->has_value();
  }
  std::uint64_t LiveBytes() { return h.engine->Stats().live_bytes; }

  test::OperationHarness h;
};

TEST_F(CollectorTest, RemovesEveryRowAndEveryReference) {
  for (int i = 0; i < 20; ++i) PutBlob("c/b" + std::to_string(i), std::string(100, 'x'));
  PutBlob("c/empty", "");
  PutLongBlockList("c/list");
  PutBlock("c/list", "block-with-a-long-name-2000", "staged on a committed blob");
  PutBlock("c/staged", "id", "staged alone");
  PutBlob("c/shared", "shared content");
  Copy("c/shared", "other/copy");
  const auto container = Delete();
  ASSERT_TRUE(h.Await(CollectContainer(h.services, container, kSmall)));
  EXPECT_TRUE(Rows(container).empty());
  EXPECT_FALSE(HasGarbageRow(container));
  EXPECT_EQ(LiveBytes(), std::string("shared content").size());
  EXPECT_EQ(h.Run(GetBlob, "GET /other/copy").body, "shared content");
}

TEST_F(CollectorTest, AnEmptyContainer) {
  const auto container = Delete();
  ASSERT_TRUE(h.Await(CollectContainer(h.services, container)));
  EXPECT_TRUE(Rows(container).empty());
  EXPECT_FALSE(HasGarbageRow(container));
}

TEST_F(CollectorTest, MayBeRepeated) {
  PutBlob("c/b", "content");
  const auto container = Delete();
  ASSERT_TRUE(h.Await(CollectContainer(h.services, container)));
  EXPECT_TRUE(h.Await(CollectContainer(h.services, container)));
}

TEST_F(CollectorTest, GoesOnWhereAFailureCutItOff) {
  for (int i = 0; i < 10; ++i) PutBlob("c/b" + std::to_string(i), "content");
  const auto container = Delete();
  test::WrappedEngine<test::InterruptingCatalog> engine(*h.engine);
  Services services{engine, h.clock, h.etags, h.sources, h.background};
  engine.wrapped.BeforeCommit(3, [this] { h.faults->FailNextCommit(Errc::kIoError); });
  const Status cut = h.Await(CollectContainer(services, container, kSmall));
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().code, Errc::kIoError);
  EXPECT_FALSE(Rows(container).empty());
  EXPECT_LT(LiveBytes(), 70u);
  EXPECT_TRUE(HasGarbageRow(container));

  ASSERT_TRUE(h.Await(ResumeCollection(h.services, {"acct"})));
  ASSERT_EQ(h.background.entries.size(), 1u);
  h.RunBackground();
  EXPECT_TRUE(Rows(container).empty());
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_FALSE(HasGarbageRow(container));
}

TEST_F(CollectorTest, ResumeSpawnsNothingWithoutGarbage) {
  ASSERT_TRUE(h.Await(ResumeCollection(h.services, {"acct", "nobody"})));
  EXPECT_TRUE(h.background.entries.empty());
}

TEST_F(CollectorTest, ResumeSeesOnlyTheAccountsNamed) {
  Delete();
  ASSERT_TRUE(h.Await(ResumeCollection(h.services, {"nobody"})));
  EXPECT_TRUE(h.background.entries.empty());
}

TEST_F(CollectorTest, ResumeReportsAScanThatFails) {
  h.faults->FailNext(engine::MemoryFaults::Point::kScan, Errc::kCorruption);
  EXPECT_FALSE(h.Await(ResumeCollection(h.services, {"acct"})));
}

// A request read the container before it was deleted and commits after the collector began.
TEST_F(CollectorTest, ALateCommitFindsTheContainerDead) {
  azure::Resource resource;
  resource.account = "acct";
  resource.container = "c";
  resource.blob = "late";
  auto target = h.Await(LoadTarget(h.services, resource));
  ASSERT_TRUE(target);
  const auto container = Delete();
  ASSERT_TRUE(h.Await(CollectContainer(h.services, container)));
  engine::Batch batch;
  batch.preconditions.push_back(engine::Precondition::Present(blob::AliveKey()));
  batch.puts.push_back({blob::BlobKey("late"), blob::BlobRecord{}.Encode()});
  const Status late = h.Await(h.engine->catalog().Commit(target->partition, std::move(batch)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kConflict);
}

TEST_F(CollectorTest, TwoCollectorsDoNotReleaseTwice) {
  for (int i = 0; i < 10; ++i) PutBlob("c/b" + std::to_string(i), "content");
  PutBlob("c/shared", "shared content");
  Copy("c/shared", "other/copy");
  const auto container = Delete();
  test::WrappedEngine<test::InterruptingCatalog> engine(*h.engine);
  Services services{engine, h.clock, h.etags, h.sources, h.background};
  engine.wrapped.BeforeCommit(
      2, [&] { EXPECT_TRUE(test::RunInline(CollectContainer(h.services, container, kSmall))); });
  EXPECT_TRUE(h.Await(CollectContainer(services, container, kSmall)));
  EXPECT_EQ(LiveBytes(), std::string("shared content").size());
  EXPECT_EQ(h.Run(GetBlob, "GET /other/copy").body, "shared content");
}

TEST_F(CollectorTest, ARowThatCannotBeReadStaysAndIsReported) {
  for (int i = 0; i < 5; ++i) PutBlob("c/b" + std::to_string(i), "content");
  const auto container = Delete();
  PutRow(container, blob::BlobKey("b2x"), "no record");
  PutRow(container, "?", "what is this");
  PutRow(container, blob::StagedKey("s", 1, "QQ=="), "no block");
  const Status status = h.Await(CollectContainer(h.services, container, kSmall));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::kCorruption);
  EXPECT_EQ(Rows(container).size(), 3u);
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_TRUE(HasGarbageRow(container));
}

TEST_F(CollectorTest, ABlockListThatCannotBeReadOnceIsReadByTheNextPass) {
  PutLongBlockList("c/list");
  const auto container = Delete();
  h.faults->FailNextRead(Errc::kCorruption);
  ASSERT_TRUE(h.Await(CollectContainer(h.services, container)));
  EXPECT_TRUE(Rows(container).empty());
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_FALSE(HasGarbageRow(container));
}

TEST_F(CollectorTest, StopsWhenItIsAsked) {
  for (int i = 0; i < 10; ++i) PutBlob("c/b" + std::to_string(i), "content");
  const auto container = Delete();
  test::WrappedEngine<test::InterruptingCatalog> engine(*h.engine);
  Services services{engine, h.clock, h.etags, h.sources, h.background};
  boost::asio::cancellation_signal stop;
  engine.wrapped.BeforeCommit(2, [&stop] { stop.emit(boost::asio::cancellation_type::terminal); });
  std::optional<Status> ended;
  auto keep = [&ended](std::exception_ptr, Status status) { ended = std::move(status); };
  boost::asio::co_spawn(h.io, CollectContainer(services, container, kSmall),
                        boost::asio::bind_cancellation_slot(stop.slot(), std::move(keep)));
  h.io.restart();
  h.io.run();
  ASSERT_TRUE(ended);
  ASSERT_FALSE(*ended);
  EXPECT_EQ(ended->error().code, Errc::kCancelled);
  EXPECT_FALSE(Rows(container).empty());
  EXPECT_TRUE(h.Await(CollectContainer(h.services, container)));
}

TEST_F(CollectorTest, SeveralPartitions) {
  test::WrappedEngine<test::ScatteringCatalog> engine(*h.engine);
  Services services{engine, h.clock, h.etags, h.sources, h.background};
  h.use_services = &services;
  Create("wide");
  for (int i = 0; i < 30; ++i) PutBlob("wide/b" + std::to_string(i), "content");
  ASSERT_EQ(LiveBytes(), 210u);
  ASSERT_EQ(h.Run(DeleteContainer, "DELETE /wide?restype=container").status, 202u);
  h.background.entries.clear();
  ASSERT_TRUE(h.Await(ResumeCollection(services, {"acct"})));
  ASSERT_EQ(h.background.entries.size(), 1u);
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
  ASSERT_TRUE(h.Await(ResumeCollection(services, {"acct"})));
  EXPECT_TRUE(h.background.entries.empty());
}

}  // namespace
}  // namespace blobgate::operations
