// Snapshots, versions and deleted states: the retention's end by the clock, commits that cross, and
// long random runs against a model of one blob (operations.md 1.16).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "operations/handlers.h"
#include "operations/history/purge.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr int kRetention = 7;

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest() { EXPECT_EQ(h.Run(CreateContainer, "PUT /c?restype=container").status, 201u); }

  void Retain(bool enabled, bool permanent = false) {
    const std::string body = "<StorageServiceProperties><DeleteRetentionPolicy><Enabled>" +
                             std::string(enabled ? "true" : "false") +
                             "</Enabled><AllowPermanentDelete>" + (permanent ? "true" : "false") +
                             "</AllowPermanentDelete>" +
                             (enabled ? "<Days>" + std::to_string(kRetention) + "</Days>" : "") +
                             "</DeleteRetentionPolicy></StorageServiceProperties>";
    ASSERT_EQ(h.Run(SetBlobServiceProperties, "PUT /?restype=service&comp=properties", body).status,
              202u);
  }
  test::Reply Put(const std::string& body) {
    return h.Run(PutBlob, "PUT /c/b\nx-ms-blob-type: BlockBlob", body);
  }
  test::Reply Snapshot() { return h.Run(SnapshotBlob, "PUT /c/b?comp=snapshot"); }
  test::Reply Delete(const std::string& query = "", const std::string& snapshots = "") {
    return h.Run(
        DeleteBlob,
        "DELETE /c/b" + query + (snapshots.empty() ? "" : "\nx-ms-delete-snapshots: " + snapshots));
  }
  test::Reply Undelete() { return h.Run(UndeleteBlob, "PUT /c/b?comp=undelete"); }
  std::string Get(const std::string& query = "") {
    const auto reply = h.Run(GetBlob, "GET /c/b" + query);
    return reply.status == 200 ? reply.body : reply.code;
  }
  std::string List(const std::string& include) {
    return h.Run(ListBlobs, "GET /c?restype=container&comp=list&include=" + include).body;
  }
  void Purge() { EXPECT_TRUE(h.Await(PurgeDeleted(h.services, {"acct"}))); }
  std::uint64_t LiveBytes() { return h.engine->Stats().live_bytes; }

  test::OperationHarness h;
};

TEST_F(HistoryTest, WhatIsDeletedGoesWhenItsTimeIsUp) {
  Retain(true);
  Put("one");
  Snapshot();
  ASSERT_EQ(Delete("", "include").status, 202u);
  h.clock.Advance(days(kRetention) - hours(1));
  Purge();
  EXPECT_EQ(Undelete().status, 200u);
  EXPECT_EQ(Get(), "one");
  Purge();
  EXPECT_EQ(Get(), "one") << "what was restored is not purged";

  ASSERT_EQ(Delete("", "include").status, 202u);
  h.clock.Advance(days(kRetention));
  EXPECT_EQ(Undelete().status, 404u) << "even before the purge";
  EXPECT_EQ(List("deleted,snapshots").find("<Name>"), std::string::npos);
  Purge();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(HistoryTest, ARestoreAndASecondDeletionCountFromTheSecond) {
  Retain(true);
  Put("one");
  Delete();
  h.clock.Advance(days(3));
  Undelete();
  Delete();
  h.clock.Advance(days(5));
  Purge();
  EXPECT_EQ(Undelete().status, 200u);
  EXPECT_EQ(Get(), "one");
}

TEST_F(HistoryTest, APurgeKeepsUncommittedBlocks) {
  Retain(true);
  Put("one");
  Delete();
  ASSERT_EQ(h.Run(PutBlock, "PUT /c/b?comp=block&blockid=QUFB", "block").status, 201u);
  h.clock.Advance(days(kRetention));
  Purge();
  EXPECT_EQ(LiveBytes(), std::string("block").size());
  const std::string list = "<BlockList><Latest>QUFB</Latest></BlockList>";
  EXPECT_EQ(h.Run(PutBlockList, "PUT /c/b?comp=blocklist", list).status, 201u);
  EXPECT_EQ(Get(), "block");
}

TEST_F(HistoryTest, TheLastVersionTakesTheBaseRowAlong) {
  h.account.versioning = true;
  Retain(true);
  const std::string id = Put("one").Header("x-ms-version-id");
  Delete();
  ASSERT_EQ(Delete("?versionid=" + id).status, 202u);
  h.clock.Advance(days(kRetention));
  Purge();
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_EQ(List("versions,deleted,deletedwithversions").find("<Name>"), std::string::npos);
  EXPECT_EQ(Undelete().status, 404u);
}

TEST_F(HistoryTest, ADeletedContainerGoesWhenItsTimeIsUp) {
  h.account.container_retention_days = kRetention;
  Put("one");
  ASSERT_EQ(h.Run(DeleteContainer, "DELETE /c?restype=container").status, 202u);
  EXPECT_EQ(LiveBytes(), 3u);
  h.clock.Advance(days(kRetention) - hours(1));
  Purge();
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 3u);
  h.clock.Advance(hours(1));
  Purge();
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(HistoryTest, ASnapshotThatComesMeanwhileStopsADelete) {
  Put("one");
  test::WrappedEngine<test::InterruptingCatalog> engine(*h.engine);
  Services services{engine, h.clock, h.etags, h.sources, h.background};
  h.use_services = &services;
  engine.wrapped.BeforeCommit(1, [this] {
    test::OperationHarness other;
    other.use_services = &h.services;
    ASSERT_EQ(other.Run(SnapshotBlob, "PUT /c/b?comp=snapshot").status, 201u);
  });
  EXPECT_EQ(Delete().code, "SnapshotsPresent");
  h.use_services = nullptr;
  EXPECT_EQ(Get(), "one");
}

/// What Azure's documentation says becomes of one blob's states, in plain containers.
class Model {
 public:
  struct State {
    std::string content;
    bool version = false;  ///< a previous version, else a snapshot
    bool deleted = false;
    Time purge{};
  };
  bool versioning = false;
  bool retains = false;
  std::optional<std::string> base;
  std::string base_version;
  std::optional<Time> base_deleted;  ///< when it is purged
  std::string deleted_base;          ///< its content
  std::map<std::string, State> old;  ///< by id

  bool HasSnapshots() const {
    return std::ranges::any_of(
        old, [](const auto& entry) { return !entry.second.version && !entry.second.deleted; });
  }
};

/// Random operations on one blob; after each, all states that can be read are compared.
class HistoryWalk : public HistoryTest {
 protected:
  void Walk(std::uint32_t seed, int steps) {
    random_.seed(seed);
    for (int i = 0; i < steps && !HasFailure(); ++i) {
      SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(i));
      Step();
      Compare();
    }
  }

 private:
  std::size_t Below(std::size_t bound) { return random_() % bound; }
  Time Later() const { return h.clock.Now() + days(kRetention); }

  void Step() {
    h.clock.Advance(std::chrono::minutes(Below(600)));
    switch (Below(10)) {
      case 0:
      case 1:
        return PutStep();
      case 2:
        return SnapshotStep();
      case 3:
        return DeleteStep();
      case 4:
        return DeleteOldStep();
      case 5:
        return UndeleteStep();
      case 6:
        return MetadataStep();
      case 7:
        return PurgeStep();
      case 8:
        h.account.versioning = model_.versioning = Below(2) == 0;
        return;
      default:
        model_.retains = Below(2) == 0;
        return Retain(model_.retains);
    }
  }

  /// The id that the listing shows and the model does not know yet.
  std::string NewId(bool version) {
    const std::string tag = version ? "VersionId>" : "Snapshot>";
    const std::string listed = List("snapshots,versions,deleted");
    for (std::size_t at = listed.find("<" + tag); at != std::string::npos;
         at = listed.find("<" + tag, at + 1)) {
      const std::size_t start = at + tag.size() + 1;
      const std::string id = listed.substr(start, listed.find('<', start) - start);
      if (!model_.old.contains(id) && !(version && id == model_.base_version)) return id;
    }
    return {};
  }

  void PutStep() {
    const std::string content = "content " + std::to_string(++count_);
    const bool had_base = model_.base.has_value();
    const std::string before = model_.base.value_or("");
    const std::string version_before = model_.base_version;
    const auto reply = Put(content);
    ASSERT_EQ(reply.status, 201u);
    model_.base = content;
    model_.base_version = reply.Header("x-ms-version-id");
    if (model_.base_deleted) {
      model_.old[NewId(false)] = {model_.deleted_base, false, true, *model_.base_deleted};
      model_.base_deleted.reset();
    } else if (had_base && model_.versioning) {
      const std::string id = version_before.empty() ? NewId(true) : version_before;
      model_.old[id] = {before, true, false, {}};
    } else if (had_base && model_.retains) {
      model_.old[NewId(false)] = {before, false, true, Later()};
    }
  }

  void SnapshotStep() {
    const auto reply = Snapshot();
    ASSERT_EQ(reply.status, model_.base ? 201u : 404u);
    if (!model_.base) return;
    model_.old[reply.Header("x-ms-snapshot")] = {*model_.base, false, false, {}};
    if (!model_.versioning) return;
    const std::string id = model_.base_version;
    model_.base_version = reply.Header("x-ms-version-id");
    model_.old[id.empty() ? NewId(true) : id] = {*model_.base, true, false, {}};
  }

  void MetadataStep() {
    const auto reply = h.Run(SetBlobMetadata, "PUT /c/b?comp=metadata\nx-ms-meta-k: v");
    ASSERT_EQ(reply.status, model_.base ? 200u : 404u);
    if (!model_.base || !model_.versioning) {
      if (model_.base) ASSERT_EQ(reply.Header("x-ms-version-id"), model_.base_version);
      return;
    }
    const std::string id = model_.base_version;
    model_.base_version = reply.Header("x-ms-version-id");
    model_.old[id.empty() ? NewId(true) : id] = {*model_.base, true, false, {}};
  }

  void DropSnapshots() {
    for (auto at = model_.old.begin(); at != model_.old.end();) {
      Model::State& state = at->second;
      const bool drops = !state.version && !state.deleted;
      if (drops && !model_.retains) {
        at = model_.old.erase(at);
        continue;
      }
      if (drops) {
        state.deleted = true;
        state.purge = Later();
      }
      ++at;
    }
  }

  void DeleteStep() {
    const char* const choices[] = {"", "include", "only"};
    const std::string choice = choices[Below(3)];
    const auto reply = Delete("", choice);
    if (!model_.base) {
      ASSERT_EQ(reply.status, 404u);
      return;
    }
    if (choice.empty() && model_.HasSnapshots()) {
      ASSERT_EQ(reply.code, "SnapshotsPresent");
      return;
    }
    ASSERT_EQ(reply.status, 202u);
    if (!choice.empty()) DropSnapshots();
    if (choice == "only") return;
    const std::string content = *model_.base;
    const std::string version = model_.base_version;
    model_.base.reset();
    model_.base_version.clear();
    if (model_.versioning) {
      model_.old[version.empty() ? NewId(true) : version] = {content, true, false, {}};
    } else if (model_.retains) {
      model_.base_deleted = Later();
      model_.deleted_base = content;
    }
  }

  void DeleteOldStep() {
    if (model_.old.empty()) return;
    auto chosen = std::next(model_.old.begin(), static_cast<long>(Below(model_.old.size())));
    const std::string query = (chosen->second.version ? "?versionid=" : "?snapshot=");
    const auto reply = Delete(query + chosen->first);
    if (chosen->second.deleted) {
      ASSERT_EQ(reply.status, 404u);
      return;
    }
    ASSERT_EQ(reply.status, 202u);
    if (model_.retains) {
      chosen->second.deleted = true;
      chosen->second.purge = Later();
    } else {
      model_.old.erase(chosen);
    }
  }

  void UndeleteStep() {
    const auto reply = Undelete();
    const Time now = h.clock.Now();
    const bool expired_base = model_.base_deleted && *model_.base_deleted <= now;
    if (reply.status == 404) {
      EXPECT_TRUE(expired_base || (!model_.base && !model_.base_deleted));
      return;
    }
    ASSERT_EQ(reply.status, 200u);
    if (model_.base_deleted) {
      model_.base = model_.deleted_base;
      model_.base_deleted.reset();
      model_.base_version = h.Run(GetBlobProperties, "HEAD /c/b").Header("x-ms-version-id");
    }
    for (auto& [id, state] : model_.old) {
      if (state.deleted && state.purge > now) state.deleted = false;
    }
  }

  void PurgeStep() {
    h.clock.Advance(days(Below(4)));
    Purge();
    const Time now = h.clock.Now();
    std::erase_if(model_.old, [now](const auto& entry) {
      return entry.second.deleted && entry.second.purge <= now;
    });
    if (model_.base_deleted && *model_.base_deleted <= now) model_.base_deleted.reset();
  }

  void Compare() {
    EXPECT_EQ(Get(), model_.base.value_or("BlobNotFound"));
    std::uint64_t least = model_.base ? 1 : 0;
    for (const auto& [id, state] : model_.old) {
      const std::string query = (state.version ? "?versionid=" : "?snapshot=") + id;
      EXPECT_EQ(Get(query), state.deleted ? "BlobNotFound" : state.content) << id;
      ++least;
    }
    if (model_.base_deleted) ++least;
    if (least == 0) EXPECT_EQ(LiveBytes(), 0u);
  }

  std::mt19937 random_;
  Model model_;
  int count_ = 0;
};

TEST_F(HistoryWalk, OneRun) {
  Walk(1, 1000);
}
TEST_F(HistoryWalk, AnotherRun) {
  Walk(2, 1000);
}
TEST_F(HistoryWalk, AThirdRun) {
  Walk(3, 1000);
}

}  // namespace
}  // namespace blobgate::operations
