// A lifecycle run asks the operations of clients, and gives in to what they refuse.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "azure/lifecycle_policy.h"
#include "operations/access_time.h"
#include "operations/handlers.h"
#include "operations/lifecycle/run_lifecycle.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

using std::chrono::days;
using std::chrono::hours;

class LifecycleTest : public ::testing::Test {
 protected:
  LifecycleTest() {
    h.services.accounts = &directory;
    EXPECT_EQ(h.Run(CreateContainer, "PUT /c?restype=container").status, 201u);
  }

  void SetRules(const std::string& base_blob, const std::string& more = {}) {
    auto policy = azure::ParseLifecyclePolicy(
        R"({"rules":[{"name":"r","type":"Lifecycle","definition":{"actions":{"baseBlob":)" +
        base_blob + more + R"(},"filters":{"blobTypes":["blockBlob"]}}}]})");
    ASSERT_TRUE(policy) << policy.error().detail;
    h.account.lifecycle = std::make_shared<const azure::LifecyclePolicy>(std::move(*policy));
  }
  void Put(const std::string& name, const std::string& headers = {}) {
    ASSERT_EQ(
        h.Run(PutBlob, "PUT /c/" + name + "\nx-ms-blob-type: BlockBlob" + headers, "x").status,
        201u);
  }
  test::Reply Head(const std::string& name) { return h.Run(GetBlobProperties, "HEAD /c/" + name); }
  LifecycleReport Run() {
    const auto report = h.Await(RunLifecycle(h.services, h.account));
    EXPECT_TRUE(report);
    return report.value_or(LifecycleReport());
  }

  test::OperationHarness h;
  test::OneAccount directory{h.account};
};

constexpr const char* kDelete = R"({"delete":{"daysAfterModificationGreaterThan":3}})";

TEST_F(LifecycleTest, WithoutRulesNothingHappens) {
  Put("b");
  h.clock.Advance(days(100));
  const LifecycleReport report = Run();
  EXPECT_EQ(report.moved + report.removed + report.refused, 0u);
  EXPECT_EQ(Head("b").status, 200u);
}

TEST_F(LifecycleTest, TheClockDecides) {
  SetRules(kDelete);
  Put("b");
  h.clock.Advance(days(3));
  EXPECT_EQ(Run().removed, 0u);
  h.clock.Advance(Ticks(1));
  EXPECT_EQ(Run().removed, 1u);
  EXPECT_EQ(Head("b").status, 404u);
  EXPECT_EQ(Run().removed, 0u);
}

TEST_F(LifecycleTest, LeasesAndSnapshotsAreRespected) {
  SetRules(kDelete);
  Put("leased");
  Put("snapped");
  EXPECT_EQ(h.Run(LeaseBlob,
                  "PUT /c/leased?comp=lease\nx-ms-lease-action: acquire\n"
                  "x-ms-lease-duration: -1")
                .status,
            201u);
  EXPECT_EQ(h.Run(SnapshotBlob, "PUT /c/snapped?comp=snapshot").status, 201u);
  h.clock.Advance(days(4));
  EXPECT_EQ(Run().refused, 2u);
  EXPECT_EQ(Head("leased").status, 200u);
  EXPECT_EQ(Head("snapped").status, 200u);
  // With a rule for snapshots they go first, in the same run.
  SetRules(kDelete, R"(,"snapshot":{"delete":{"daysAfterCreationGreaterThan":3}})");
  EXPECT_EQ(Run().removed, 2u);
  EXPECT_EQ(Head("snapped").status, 404u);
}

TEST_F(LifecycleTest, SoftDeleteKeepsWhatARuleRemoves) {
  const std::string policy =
      "<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days>"
      "</DeleteRetentionPolicy></StorageServiceProperties>";
  ASSERT_EQ(h.Run(SetBlobServiceProperties, "PUT /?restype=service&comp=properties", policy).status,
            202u);
  SetRules(kDelete);
  Put("b");
  h.clock.Advance(days(4));
  EXPECT_EQ(Run().removed, 1u);
  EXPECT_EQ(h.Run(UndeleteBlob, "PUT /c/b?comp=undelete").status, 200u);
}

TEST_F(LifecycleTest, MoreBlobsThanOneScanTakes) {
  SetRules(kDelete);
  for (int i = 0; i < 2500; ++i) Put("b" + std::to_string(i));
  h.clock.Advance(days(4));
  EXPECT_EQ(Run().removed, 2500u);
  EXPECT_EQ(h.Run(ListBlobs, "GET /c?restype=container&comp=list").body.find("<Blob>"),
            std::string::npos);
}

TEST_F(LifecycleTest, AccessTimesAreWrittenOnceADay) {
  h.account.last_access_tracking = true;
  Put("b");
  const std::string first = Head("b").Header("x-ms-last-access-time");
  EXPECT_EQ(first, FormatHttpDate(h.clock.Now()));
  h.clock.Advance(hours(23));
  EXPECT_EQ(h.Run(GetBlob, "GET /c/b").status, 200u);
  EXPECT_TRUE(h.background.entries.empty());
  h.clock.Advance(hours(1));
  const std::string etag = Head("b").Header("ETag");
  EXPECT_EQ(h.Run(GetBlob, "GET /c/b").status, 200u);
  EXPECT_EQ(h.Run(GetBlob, "GET /c/b").status, 200u);
  EXPECT_EQ(h.background.entries.size(), 1u) << "one write for many readers";
  h.RunBackground();
  EXPECT_EQ(Head("b").Header("x-ms-last-access-time"), FormatHttpDate(h.clock.Now()));
  EXPECT_EQ(Head("b").Header("ETag"), etag);
  EXPECT_EQ(h.Run(GetBlob, "GET /c/b").status, 200u);
  EXPECT_TRUE(h.background.entries.empty());
}

TEST_F(LifecycleTest, TheBeginningOfTrackingIsRemembered) {
  const auto since = [this] { return *h.Await(AccessTrackedSince(h.services, h.account)); };
  EXPECT_EQ(since(), Time{});
  h.account.last_access_tracking = true;
  const Time began = h.clock.Now();
  EXPECT_EQ(since(), began);
  h.clock.Advance(days(3));
  EXPECT_EQ(since(), began);
  h.account.last_access_tracking = false;
  EXPECT_EQ(since(), Time{});
  h.account.last_access_tracking = true;
  EXPECT_EQ(since(), h.clock.Now());
}

}  // namespace
}  // namespace blobgate::operations
