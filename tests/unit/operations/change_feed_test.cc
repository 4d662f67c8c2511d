// Change events and how they get into the feed: once, whenever the store dies on the way.
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "blob/change_event.h"
#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/container/collector.h"
#include "operations/feed/feed_files.h"
#include "operations/feed/publish.h"
#include "operations/handlers.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;

template <class CatalogType>
struct Store {
  Store() : engine(*h.engine), services{engine, h.clock, h.etags, h.sources, h.background} {
    h.account.change_feed = true;
    services.accounts = &directory;
    h.use_services = &services;
    EXPECT_EQ(h.Run(CreateContainer, "PUT /one?restype=container").status, 201u);
    EXPECT_EQ(h.Run(CreateContainer, "PUT /two?restype=container").status, 201u);
  }

  /// A Put Blob whose event can be told by `mark`.
  void Put(const std::string& path, const std::string& mark) {
    const std::string head = "PUT " + path +
                             "\nx-ms-blob-type: BlockBlob\n"
                             "x-ms-client-request-id: " +
                             mark;
    ASSERT_EQ(h.Run(PutBlob, head, "content").status, 201u);
  }
  /// A second later: the clock stands still, and events are a little after the changes.
  Status Publish() {
    h.clock.Advance(std::chrono::seconds(1));
    return h.Await(PublishChangeFeed(services, h.account));
  }

  std::string Read(const std::string& name) {
    return h.Run(GetBlob, "GET /%24blobchangefeed/" + name).body;
  }
  std::string Chunk(Time hour, unsigned index = 0) { return Read(ChunkName(hour, index)); }
  unsigned StatusOf(const std::string& name) {
    return h.Run(GetBlobProperties, "HEAD /%24blobchangefeed/" + name).status;
  }

  /// Event rows that wait, in all containers.
  std::size_t Waiting() {
    std::size_t found = 0;
    for (const std::string container : {"one", "two"}) {
      const auto row = h.Await(LoadContainer(services, "acct", container));
      if (!row) continue;
      const std::string space = blob::ContainerSpace((*row)->record.incarnation);
      const auto partitions = h.Await(services.catalog().PartitionsOf(space));
      EXPECT_TRUE(partitions) << "of " << container;
      for (const auto& partition : partitions.value()) {
        engine::ScanVisitor count = [&found](std::string_view, std::string_view,
                                             engine::RowVersion) {
          ++found;
          return engine::ScanStep::Next();
        };
        EXPECT_TRUE(h.Await(services.catalog().Scan(partition, "e", "f", count)));
      }
    }
    return found;
  }

  test::OperationHarness h;
  test::OneAccount directory{h.account};
  test::WrappedEngine<CatalogType> engine;
  Services services;
};

std::size_t Count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(ChangeFeed, EachChangeIsOneRowOfItsCommit) {
  Store<test::WrappedCatalog> store;
  store.Put("/one/a", "m");
  EXPECT_EQ(store.Waiting(), 1u);
  // What is refused leaves none.
  EXPECT_EQ(
      store.h.Run(PutBlob, "PUT /one/a\nx-ms-blob-type: BlockBlob\nIf-None-Match: *", "x").status,
      409u);
  EXPECT_EQ(store.Waiting(), 1u);
  EXPECT_EQ(store.h
                .Run(LeaseBlob,
                     "PUT /one/a?comp=lease\nx-ms-lease-action: acquire\n"
                     "x-ms-lease-duration: -1")
                .status,
            201u);
  EXPECT_EQ(store.Waiting(), 1u);
  store.h.account.change_feed = false;
  store.Put("/one/b", "m");
  EXPECT_EQ(store.Waiting(), 1u);
}

TEST(ChangeFeed, TheDeathOfTheStoreLosesAndDoublesNothing) {
  const std::vector<std::string> marks = {"mark-0;", "mark-1;", "mark-2;", "mark-3;"};
  bool died = true;
  for (int nth = 1; died; ++nth) {
    ASSERT_LT(nth, 100);
    for (const bool done : {false, true}) {
      Store<test::DyingCatalog> store;
      store.Put("/one/a", marks[0]);
      store.Put("/two/a", marks[1]);
      store.engine.wrapped.DieAt(nth, done);
      died = !store.Publish();
      store.engine.wrapped.Revive();
      store.Put("/one/a", marks[2]);
      store.Put("/two/b", marks[3]);
      ASSERT_TRUE(store.Publish()) << nth;
      const std::string chunk = store.Chunk(HourOf(store.h.clock.Now()));
      for (const std::string& mark : marks) {
        EXPECT_EQ(Count(chunk, mark), 1u) << "commit " << nth << (done ? " done" : "") << mark;
      }
      EXPECT_EQ(store.Waiting(), 0u) << nth;
      EXPECT_LT(chunk.find(marks[0]), chunk.find(marks[2])) << "a blob's changes keep their order";
    }
  }
}

TEST(ChangeFeed, TheDeathOfTheStoreAtTheEndOfAnHour) {
  bool died = true;
  for (int nth = 1; died; ++nth) {
    ASSERT_LT(nth, 100);
    for (const bool done : {false, true}) {
      Store<test::DyingCatalog> store;
      const Time hour = HourOf(store.h.clock.Now());
      store.Put("/one/a", "first;");
      ASSERT_TRUE(store.Publish());
      store.Put("/one/a", "second;");
      store.h.clock.Set(hour + hours(1) + minutes(5));
      store.engine.wrapped.DieAt(nth, done);
      died = !store.Publish();
      store.engine.wrapped.Revive();
      ASSERT_TRUE(store.Publish()) << nth;
      const std::string chunk = store.Chunk(hour);
      EXPECT_EQ(Count(chunk, "first;"), 1u) << nth << done;
      EXPECT_EQ(Count(chunk, "second;"), 1u) << nth << done;
      EXPECT_NE(store.Read(ManifestName(hour)).find("\"Finalized\""), std::string::npos) << nth;
      EXPECT_NE(store.Read(std::string(kSegmentsIndex)).find("T13:00:00.000Z"), std::string::npos);
    }
  }
}

TEST(ChangeFeed, LateEventsGoToTheOpenSegment) {
  Store<test::WrappedCatalog> store;
  const Time hour = HourOf(store.h.clock.Now());
  ASSERT_TRUE(store.Publish());  // the feed begins
  store.Put("/one/a", "early;");
  store.h.clock.Set(hour + hours(1) + minutes(5));
  ASSERT_TRUE(store.Publish());
  const std::string final_chunk = store.Chunk(hour);
  EXPECT_EQ(Count(final_chunk, "early;"), 1u);
  // A change whose commit took its time: its event is of the hour that is over.
  store.h.clock.Set(hour + minutes(59));
  EtagSource late(store.h.clock);
  Services slow{store.engine, store.h.clock, late, store.h.sources, store.h.background};
  slow.accounts = &store.directory;
  store.h.use_services = &slow;
  store.Put("/two/b", "late;");
  store.h.use_services = &store.services;
  store.h.clock.Set(hour + hours(1) + minutes(6));
  ASSERT_TRUE(store.Publish());
  EXPECT_EQ(store.Chunk(hour), final_chunk);
  EXPECT_EQ(Count(store.Chunk(hour + hours(1)), "late;"), 1u);
}

TEST(ChangeFeed, EventsOfTheFutureWait) {
  Store<test::WrappedCatalog> store;
  const Time hour = HourOf(store.h.clock.Now());
  EXPECT_EQ(
      store.h.Run(PutBlob, "PUT /one/a\nx-ms-blob-type: BlockBlob\nx-ms-access-tier: Archive", "x")
          .status,
      201u);
  EXPECT_EQ(store.h.Run(SetBlobTier, "PUT /one/a?comp=tier\nx-ms-access-tier: Hot").status, 202u);
  ASSERT_TRUE(store.Publish());
  EXPECT_EQ(store.Waiting(), 1u);
  EXPECT_EQ(Count(store.Chunk(hour), "WasAsyncOperation"), 0u);
  store.h.clock.Advance(minutes(1));
  ASSERT_TRUE(store.Publish());
  EXPECT_EQ(Count(store.Chunk(hour), "WasAsyncOperation"), 1u);
  EXPECT_EQ(store.Waiting(), 0u);
}

TEST(ChangeFeed, ManyPartitions) {
  Store<test::ScatteringCatalog> store;
  store.h.account.change_feed_retention_days = 1;
  const Time hour = HourOf(store.h.clock.Now());
  for (int i = 0; i < 20; ++i) {
    store.Put("/one/b" + std::to_string(i), "m" + std::to_string(i) + ";");
  }
  ASSERT_TRUE(store.Publish());
  const std::string chunk = store.Chunk(hour);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Count(chunk, "m" + std::to_string(i) + ";"), 1u);
  EXPECT_EQ(store.Waiting(), 0u);
  EXPECT_EQ(store.StatusOf(ManifestName(hour)), 200u);
  store.h.clock.Advance(days(1) + hours(2));
  ASSERT_TRUE(store.Publish());
  EXPECT_EQ(store.StatusOf(ManifestName(hour)), 404u);
  EXPECT_EQ(store.StatusOf(ChunkName(hour, 0)), 404u);
  EXPECT_EQ(store.StatusOf(FirstManifestName()), 200u);
}

TEST(ChangeFeed, ADeletedContainerWaitsForItsEvents) {
  Store<test::WrappedCatalog> store;
  store.Put("/one/a", "mark;");
  const auto row = store.h.Await(LoadContainer(store.services, "acct", "one"));
  ASSERT_TRUE(row);
  ASSERT_EQ(store.h.Run(DeleteContainer, "DELETE /one?restype=container").status, 202u);
  store.h.background.entries.clear();
  const DeletedContainer gone{"acct", "one", (*row)->record.incarnation};
  const Status early = store.h.Await(CollectContainer(store.services, gone));
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, Errc::kUnavailable);
  ASSERT_TRUE(store.Publish());
  EXPECT_EQ(Count(store.Chunk(HourOf(store.h.clock.Now())), "mark;"), 1u);
  EXPECT_TRUE(store.h.Await(CollectContainer(store.services, gone)));
}

TEST(ChangeFeed, ItsOwnFilesHaveNoEventsAndNoHistory) {
  Store<test::WrappedCatalog> store;
  store.h.account.versioning = true;
  store.Put("/one/a", "mark;");
  ASSERT_TRUE(store.Publish());
  store.h.clock.Advance(hours(2));
  ASSERT_TRUE(store.Publish());
  const auto listed =
      store.h.Run(ListBlobs, "GET /%24blobchangefeed?restype=container&comp=list&include=versions");
  EXPECT_EQ(Count(listed.body, "<Blob>"), 4u) << listed.body;
  EXPECT_EQ(Count(listed.body, "VersionId"), 0u) << listed.body;
}

}  // namespace
}  // namespace blobgate::operations
