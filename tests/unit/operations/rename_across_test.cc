// Rename Path to another container: what the commit finds out, what it leaves behind, and how much
// it takes (operations/path/move_across.h).
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/block/staged_expiry.h"
#include "operations/handlers.h"
#include "operations/history/purge.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

/// An engine that promises commits to one partition only.
class LonelyCatalog final : public test::WrappedCatalog {
 public:
  using WrappedCatalog::WrappedCatalog;
  Task<Status> CommitTogether(std::vector<engine::PartitionBatch>) override {
    co_return Fail(Errc::kUnsupported);
  }
};

template <class CatalogType>
class RenameAcross : public testing::Test {
 protected:
  RenameAcross()
      : engine_(*h_.engine), services_{engine_, h_.clock, h_.etags, h_.sources, h_.background} {
    for (test::OperationHarness* harness : {&h_, &other_}) harness->account.hierarchical = true;
    services_.accounts = &accounts_;
    h_.use_services = &services_;
    other_.use_services = &h_.services;
    for (const std::string& container : {"one", "two"}) {
      EXPECT_EQ(h_.Run(CreateContainer, "PUT /" + container + "?restype=container").status, 201u);
    }
  }

  static test::Reply Put(test::OperationHarness& by, const std::string& path,
                         const std::string& body, const std::string& headers = {}) {
    return by.Run(PutBlob, "PUT /" + path + "\nx-ms-blob-type: BlockBlob\n" + headers, body);
  }
  static test::Reply Stage(test::OperationHarness& by, const std::string& path,
                           const std::string& body) {
    return by.Run(PutBlock, "PUT /" + path + "?comp=block&blockid=AAAA", body);
  }
  /// The code of the answer; "" when it was done.
  std::string Rename(const std::string& from, const std::string& to) {
    h_.face = azure::Face::kDfs;
    const auto reply = h_.Run(RenamePath, "PUT /" + to + "\nx-ms-rename-source: /" + from);
    h_.face = azure::Face::kBlob;
    EXPECT_TRUE(reply.status == 201 || !reply.code.empty());
    return reply.code;
  }
  std::string Get(const std::string& path) {
    const auto reply = h_.Run(GetBlob, "GET /" + path);
    return reply.status == 200 ? reply.body : reply.code;
  }
  std::string Delete(const std::string& path) {
    h_.face = azure::Face::kDfs;
    const auto reply = h_.Run(DeletePath, "DELETE /" + path + "?recursive=true");
    h_.face = azure::Face::kBlob;
    return reply.code;
  }
  void BeforeCommit(std::function<void()> action) {
    engine_.wrapped.BeforeCommit(1, std::move(action));
  }

  engine::PartitionRef PartitionOf(const std::string& container) {
    const auto row =
        test::RunInline(LoadContainer(h_.services, h_.account.name, container)).value();
    const std::string space = blob::ContainerSpace(row->record.incarnation);
    return test::RunInline(h_.engine->catalog().Locate(space, {})).value();
  }
  /// The first letters of the keys of all rows. May be called while a request runs.
  std::multiset<char> Kinds(const std::string& container) {
    std::multiset<char> kinds;
    engine::ScanVisitor visitor = [&kinds](std::string_view key, std::string_view,
                                           engine::RowVersion) {
      kinds.insert(key.front());
      return engine::ScanStep::Next();
    };
    auto scan = h_.engine->catalog().Scan(PartitionOf(container), {}, {}, std::move(visitor));
    EXPECT_TRUE(test::RunInline(std::move(scan)));
    return kinds;
  }
  void ExpectEmpty() {
    h_.RunBackground();
    const std::multiset<char> root = {'!', 'b', 'n'};
    EXPECT_EQ(Kinds("one"), root);
    EXPECT_EQ(Kinds("two"), root);
    EXPECT_EQ(h_.engine->Stats().live_bytes, 0u);
  }

  test::OperationHarness h_;
  test::OperationHarness other_;  ///< has its own io_context, the store is that of `h_`
  test::WrappedEngine<CatalogType> engine_;
  test::OneAccount accounts_{h_.account};
  Services services_;
};

using RenameAcrossTest = RenameAcross<test::InterruptingCatalog>;

/// One of everything that a file can have rows for.
constexpr const char* kTags = "x-ms-tags: k=v&l=w\n";

TEST_F(RenameAcrossTest, NoRowStaysBehind) {
  EXPECT_EQ(Put(h_, "one/d/sub/f", "content", kTags).status, 201u);
  EXPECT_EQ(Stage(h_, "one/d/sub/f", "staged").status, 201u);
  EXPECT_EQ(Stage(h_, "one/d/only-staged", "staged").status, 201u);
  EXPECT_EQ(h_.Run(PutBlob,
                   "PUT /one/d/log\nx-ms-blob-type: AppendBlob\nContent-Length: 0\nx-ms-tags: k=v")
                .status,
            201u);
  for (const char* block : {"one", "two", "three"}) {
    EXPECT_EQ(h_.Run(AppendBlock, "PUT /one/d/log?comp=appendblock", block).status, 201u);
  }
  EXPECT_EQ(h_.Run(SetBlobExpiry,
                   "PUT /one/d/log?comp=expiry\nx-ms-expiry-option: RelativeToNow\n"
                   "x-ms-expiry-time: 1000000")
                .status,
            200u);
  const std::multiset<char> full = Kinds("one");
  EXPECT_EQ(full.count('u'), 4u);
  EXPECT_EQ(full.count('d'), 3u);
  EXPECT_EQ(full.count('t'), 3u);
  EXPECT_EQ(full.count('x'), 1u);
  const std::multiset<char> root = Kinds("two");
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(Rename("one/d", "two/d"), "");
    EXPECT_EQ(Kinds("one"), root);
    EXPECT_EQ(Kinds("two"), full);
    EXPECT_EQ(Rename("two/d", "one/d"), "");
    EXPECT_EQ(Kinds("two"), root);
    EXPECT_EQ(Kinds("one"), full);
  }
  EXPECT_EQ(Get("one/d/log"), "onetwothree");
  for (const char* file : {"sub/f", "log"}) {
    EXPECT_EQ(Rename(std::string("one/d/") + file, "two/f"), "");
    EXPECT_EQ(Rename("two/f", std::string("one/d/") + file), "");
  }
  EXPECT_EQ(Kinds("two"), root);
  EXPECT_EQ(Kinds("one"), full);
  EXPECT_EQ(Delete("one/d"), "");
  h_.RunBackground();
  // The purge index forgets what is gone when its time comes.
  h_.clock.Advance(std::chrono::seconds(2000));
  EXPECT_TRUE(h_.Await(PurgeDeleted(services_, {h_.account.name})));
  ExpectEmpty();
}

TEST_F(RenameAcrossTest, AFileReplacesWhatWasThere) {
  EXPECT_EQ(Put(h_, "one/f", "new").status, 201u);
  EXPECT_EQ(Put(h_, "two/f", std::string(10'000, 'o'), kTags).status, 201u);
  EXPECT_EQ(Stage(h_, "two/f", "staged").status, 201u);
  EXPECT_EQ(Rename("one/f", "two/f"), "");
  EXPECT_EQ(Get("two/f"), "new");
  EXPECT_EQ(Kinds("two"), (std::multiset<char>{'!', 'b', 'b', 'n'}));
  EXPECT_EQ(Delete("two/f"), "");
  ExpectEmpty();
}

TEST_F(RenameAcrossTest, WhatHappensBelowBeforeTheCommitGoesAlong) {
  const std::vector<std::pair<const char*, std::function<void()>>> changes = {
      {"a new file", [&] { EXPECT_EQ(Put(other_, "one/d/sub/new", "new").status, 201u); }},
      {"a new directory", [&] { EXPECT_EQ(Put(other_, "one/d/dir/new", "new").status, 201u); }},
      {"other content", [&] { EXPECT_EQ(Put(other_, "one/d/sub/f", "changed").status, 201u); }},
      {"a first block", [&] { EXPECT_EQ(Stage(other_, "one/d/sub/f", "staged").status, 201u); }},
      {"another block", [&] { EXPECT_EQ(Stage(other_, "one/d/sub/s", "staged").status, 201u); }},
      {"tags", [&] { EXPECT_EQ(Put(other_, "one/d/sub/f", "content", kTags).status, 201u); }},
      {"an append",
       [&] {
         EXPECT_EQ(other_.Run(AppendBlock, "PUT /one/d/log?comp=appendblock", "more").status, 201u);
       }},
      {"a removal", [&] { EXPECT_EQ(other_.Run(DeleteBlob, "DELETE /one/d/sub/f").status, 202u); }},
  };
  for (const auto& [what, change] : changes) {
    EXPECT_EQ(Put(h_, "one/d/sub/f", "content").status, 201u);
    EXPECT_EQ(Stage(h_, "one/d/sub/s", "first").status, 201u);
    EXPECT_EQ(
        h_.Run(PutBlob, "PUT /one/d/log\nx-ms-blob-type: AppendBlob\nContent-Length: 0").status,
        201u);
    std::multiset<char> before;
    BeforeCommit([&, &act = change] {
      act();
      before = Kinds("one");
    });
    EXPECT_EQ(Rename("one/d", "two/d"), "") << what;
    EXPECT_EQ(Kinds("two"), before) << what;
    EXPECT_EQ(Kinds("one"), (std::multiset<char>{'!', 'b', 'n'})) << what;
    EXPECT_EQ(Delete("two/d"), "");
    ExpectEmpty();
  }
}

TEST_F(RenameAcrossTest, WhoeverTakesTheSourceFirstHasIt) {
  const std::vector<std::pair<std::function<void()>, std::string>> rivals = {
      {[&] { EXPECT_EQ(other_.Run(DeleteBlob, "DELETE /one/d/f").status, 202u); }, "BlobNotFound"},
      {[&] {
         other_.face = azure::Face::kDfs;
         EXPECT_EQ(other_.Run(RenamePath, "PUT /two/g\nx-ms-rename-source: /one/d/f").status, 201u);
         other_.face = azure::Face::kBlob;
       },
       "BlobNotFound"},
      {[&] {
         other_.face = azure::Face::kDfs;
         EXPECT_EQ(other_.Run(RenamePath, "PUT /two/g\nx-ms-rename-source: /one/d").status, 201u);
         other_.face = azure::Face::kBlob;
       },
       "BlobNotFound"}};
  for (const auto& [rival, left] : rivals) {
    EXPECT_EQ(Put(h_, "one/d/f", "content").status, 201u);
    BeforeCommit(rival);
    EXPECT_EQ(Rename("one/d/f", "two/f"), "SourcePathNotFound");
    EXPECT_EQ(Get("two/f"), "BlobNotFound");
    Delete("two/g");
    Delete("one/d");
  }
  ExpectEmpty();
}

TEST_F(RenameAcrossTest, ALeaseOrAnotherFileAtTheDestinationCounts) {
  EXPECT_EQ(Put(h_, "one/f", "content").status, 201u);
  BeforeCommit([&] {
    EXPECT_EQ(other_
                  .Run(LeaseBlob,
                       "PUT /one/f?comp=lease\nx-ms-lease-action: acquire\n"
                       "x-ms-lease-duration: -1")
                  .status,
              201u);
  });
  EXPECT_EQ(Rename("one/f", "two/f"), "LeaseIdMissing");
  EXPECT_EQ(Put(h_, "one/g", "content").status, 201u);
  BeforeCommit([&] { EXPECT_EQ(Put(other_, "two/g", "first").status, 201u); });
  h_.face = azure::Face::kDfs;
  EXPECT_EQ(h_.Run(RenamePath, "PUT /two/g\nIf-None-Match: *\nx-ms-rename-source: /one/g").code,
            "BlobAlreadyExists");
  h_.face = azure::Face::kBlob;
  EXPECT_EQ(Get("two/g"), "first");
  EXPECT_EQ(Get("one/g"), "content");
}

TEST_F(RenameAcrossTest, TheWaysOfBothSidesAreOfTheCommit) {
  EXPECT_EQ(Put(h_, "one/x/y/f", "content").status, 201u);
  EXPECT_EQ(Put(h_, "two/x/y/g", "other").status, 201u);
  for (const char* container : {"one", "two"}) {
    BeforeCommit([&, container] {
      other_.face = azure::Face::kDfs;
      const std::string name = container;
      EXPECT_EQ(
          other_.Run(RenamePath, "PUT /" + name + "/z\nx-ms-rename-source: /" + name + "/x").status,
          201u);
      other_.face = azure::Face::kBlob;
    });
    const bool source = *container == 'o';
    EXPECT_EQ(Rename("one/x/y/f", "two/x/y/f"),
              source ? "SourcePathNotFound" : "RenameDestinationParentPathNotFound");
    EXPECT_EQ(Rename(std::string(container) + "/z", std::string(container) + "/x"), "");
  }
  EXPECT_EQ(Get("one/x/y/f"), "content");
}

TEST_F(RenameAcrossTest, NothingGoesIntoOrOutOfADeletedContainer) {
  for (const std::uint32_t days : {0u, 7u}) {
    other_.account.container_retention_days = days;
    for (const std::string container : {"one", "two"}) {
      EXPECT_EQ(Put(h_, "one/f", "content").status, 201u);
      BeforeCommit([&] {
        EXPECT_EQ(other_.Run(DeleteContainer, "DELETE /" + container + "?restype=container").status,
                  202u);
      });
      EXPECT_EQ(Rename("one/f", "two/f"),
                container == "one" ? "SourcePathNotFound" : "ContainerNotFound");
      EXPECT_EQ(Get("two/f"), container == "one" ? "BlobNotFound" : "ContainerNotFound");
      EXPECT_EQ(Get("one/f"), container == "one" ? "ContainerNotFound" : "content");
      h_.RunBackground();
      other_.RunBackground();
      EXPECT_EQ(h_.Run(CreateContainer, "PUT /" + container + "?restype=container").status, 201u);
    }
  }
}

TEST_F(RenameAcrossTest, AContainerThatWasMadeAnewIsAnother) {
  EXPECT_EQ(Put(h_, "one/f", "content").status, 201u);
  BeforeCommit([&] {
    EXPECT_EQ(other_.Run(DeleteContainer, "DELETE /two?restype=container").status, 202u);
    EXPECT_EQ(other_.Run(CreateContainer, "PUT /two?restype=container").status, 201u);
  });
  EXPECT_EQ(Rename("one/f", "two/f"), "");
  EXPECT_EQ(Get("two/f"), "content");
}

TEST_F(RenameAcrossTest, TimesThatAreOverAreOverThere) {
  EXPECT_EQ(Put(h_, "one/d/f", "content").status, 201u);
  EXPECT_EQ(Put(h_, "one/d/g", "content").status, 201u);
  for (const char* file : {"f", "g"}) {
    EXPECT_EQ(h_.Run(SetBlobExpiry, "PUT /one/d/" + std::string(file) +
                                        "?comp=expiry\nx-ms-expiry-option: RelativeToNow\n"
                                        "x-ms-expiry-time: " +
                                        (*file == 'f' ? "1000" : "5000"))
                  .status,
              200u);
  }
  EXPECT_EQ(Stage(h_, "one/d/s", "staged").status, 201u);
  h_.clock.Advance(std::chrono::seconds(2));  // f is over, and goes along all the same
  EXPECT_EQ(Rename("one/d", "two/d"), "");
  EXPECT_EQ(Get("two/d/f"), "BlobNotFound");
  EXPECT_EQ(Get("two/d/g"), "content");
  h_.clock.Advance(std::chrono::seconds(5));
  EXPECT_TRUE(h_.Await(PurgeDeleted(services_, {h_.account.name})));
  EXPECT_EQ(Get("two/d/g"), "BlobNotFound");
  h_.clock.Advance(kStagedLifetime + std::chrono::hours(1));
  EXPECT_TRUE(h_.Await(ExpireStagedBlocks(services_, {h_.account.name})));
  EXPECT_EQ(Kinds("two"), (std::multiset<char>{'!', 'b', 'b', 'n', 'n'}));  // the directory
  EXPECT_EQ(Delete("two/d"), "");
  ExpectEmpty();
}

TEST_F(RenameAcrossTest, AnExpiredFileGivesWay) {
  EXPECT_EQ(Put(h_, "one/f", "new").status, 201u);
  EXPECT_EQ(Put(h_, "two/d/f", "old", kTags).status, 201u);
  EXPECT_EQ(h_.Run(SetBlobExpiry,
                   "PUT /two/d/f?comp=expiry\nx-ms-expiry-option: RelativeToNow\n"
                   "x-ms-expiry-time: 1000")
                .status,
            200u);
  h_.clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(Rename("two/d/f", "one/g"), "SourcePathNotFound");
  EXPECT_EQ(Rename("one/f", "two/d/f"), "");
  EXPECT_TRUE(h_.Await(PurgeDeleted(services_, {h_.account.name})));
  EXPECT_EQ(Get("two/d/f"), "new");
  EXPECT_EQ(Delete("two/d"), "");
  ExpectEmpty();
}

TEST_F(RenameAcrossTest, ADirectoryIsTakenUpToItsLimits) {
  // The directory's inode, and a row for each file.
  const std::string empty_file = "\nx-ms-blob-type: BlockBlob\nContent-Length: 0";
  for (int i = 0; i < 9'999; ++i) {
    EXPECT_EQ(h_.Run(PutBlob, "PUT /one/d/" + std::to_string(i) + empty_file).status, 201u);
  }
  EXPECT_EQ(Rename("one/d", "two/d"), "");
  EXPECT_EQ(h_.Run(PutBlob, "PUT /two/d/more" + empty_file).status, 201u);
  const auto before = Kinds("two");
  EXPECT_EQ(Rename("two/d", "one/d"), "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
  EXPECT_EQ(Kinds("two"), before);
  EXPECT_EQ(Kinds("one"), (std::multiset<char>{'!', 'b', 'n'}));
}

TEST_F(RenameAcrossTest, AFileByItselfMayHaveMore) {
  EXPECT_EQ(h_.Run(PutBlob, "PUT /one/d/log\nx-ms-blob-type: AppendBlob\nContent-Length: 0").status,
            201u);
  for (int i = 0; i < 10'001; ++i) {
    EXPECT_EQ(h_.Run(AppendBlock, "PUT /one/d/log?comp=appendblock", "1234").status, 201u);
  }
  EXPECT_EQ(Rename("one/d", "two/d"), "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
  EXPECT_EQ(Rename("one/d/log", "two/log"), "");
  EXPECT_EQ(Get("two/log").size(), 40'004u);
  EXPECT_EQ(Kinds("one").count('d'), 0u);
}

TEST_F(RenameAcrossTest, AndUpToSomeBytes) {
  const std::string metadata = "x-ms-meta-m: " + std::string(8'000, 'm') + "\n";
  for (int i = 0; i < 1'200; ++i) {
    EXPECT_EQ(Put(h_, "one/d/" + std::to_string(i), "", metadata + "Content-Length: 0").status,
              201u);
  }
  const auto before = Kinds("one");
  EXPECT_EQ(Rename("one/d", "two/d"), "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
  EXPECT_EQ(Kinds("one"), before);
  for (int i = 0; i < 250; ++i) {
    EXPECT_EQ(h_.Run(DeleteBlob, "DELETE /one/d/" + std::to_string(i)).status, 202u);
  }
  EXPECT_EQ(Rename("one/d", "two/d"), "");
}

TEST_F(RenameAcrossTest, ADirectoryThatNeverRestsIsGivenUp) {
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(Put(h_, "one/d/" + std::to_string(i), "", "Content-Length: 0").status, 201u);
  }
  int rounds = 0;
  std::function<void()> disturb = [&] {
    ++rounds;
    EXPECT_EQ(Put(other_, "one/d/0", "", "Content-Length: 0").status, 201u);
    BeforeCommit(disturb);
  };
  BeforeCommit(disturb);
  EXPECT_EQ(Rename("one/d", "two/d"), "ServerBusy");
  EXPECT_GE(rounds, 200);
  EXPECT_LE(rounds, 500);
  EXPECT_EQ(Kinds("two"), (std::multiset<char>{'!', 'b', 'n'}));
}

using DyingRenameTest = RenameAcross<test::DyingCatalog>;

TEST_F(DyingRenameTest, ADeathLeavesItInOnePlace) {
  EXPECT_EQ(Put(h_, "one/d/sub/f", "content", kTags).status, 201u);
  EXPECT_EQ(Stage(h_, "one/d/sub/f", "staged").status, 201u);
  const auto full = Kinds("one"), root = Kinds("two");
  for (const bool done : {false, true}) {
    engine_.wrapped.DieAt(1, done);
    EXPECT_EQ(Rename("one/d", "two/d"), "InternalError");
    engine_.wrapped.Revive();
    EXPECT_EQ(Kinds("one"), done ? root : full);
    EXPECT_EQ(Kinds("two"), done ? full : root);
  }
  EXPECT_EQ(Get("two/d/sub/f"), "content");
  EXPECT_EQ(Delete("two/d"), "");
  ExpectEmpty();
}

using LonelyRenameTest = RenameAcross<LonelyCatalog>;

TEST_F(LonelyRenameTest, AnEngineMayRefuse) {
  EXPECT_EQ(Put(h_, "one/f", "content").status, 201u);
  EXPECT_EQ(Rename("one/f", "two/f"), "FeatureNotYetSupportedForHierarchicalNamespaceAccounts");
  EXPECT_EQ(Get("one/f"), "content");
  EXPECT_EQ(Rename("one/f", "one/g"), "");
  EXPECT_EQ(Get("one/g"), "content");
}

}  // namespace
}  // namespace blobgate::operations
