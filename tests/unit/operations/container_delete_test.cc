// Delete Container as the client sees it.
#include <gtest/gtest.h>

#include <string>

#include "operations/handlers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

const std::string kA = "aaaaaaaa-1111-4222-8333-444444444444";
const std::string kB = "bbbbbbbb-1111-4222-8333-444444444444";

class DeleteContainerTest : public ::testing::Test {
 protected:
  DeleteContainerTest() { Create(); }

  void Create() { EXPECT_EQ(h.Run(CreateContainer, "PUT /c?restype=container").status, 201u); }
  test::Reply Delete(const std::string& headers = "") {
    return h.Run(DeleteContainer, "DELETE /c?restype=container\n" + headers);
  }
  bool Exists() { return h.Run(GetContainerProperties, "GET /c?restype=container").status == 200; }
  void Lease(const std::string& headers) {
    const auto reply =
        h.Run(LeaseContainer, "PUT /c?restype=container&comp=lease\nx-ms-lease-action: " + headers);
    ASSERT_LT(reply.status, 300u) << reply.code;
  }
  void PutBlob(const std::string& name, std::string body) {
    ASSERT_EQ(h.Run(operations::PutBlob, "PUT /c/" + name + "\nx-ms-blob-type: BlockBlob",
                    std::move(body))
                  .status,
              201u);
  }

  test::OperationHarness h;
};

TEST_F(DeleteContainerTest, IsGoneAtOnceAndCollectedLater) {
  PutBlob("b", "content");
  const auto reply = Delete();
  EXPECT_EQ(reply.status, 202u);
  EXPECT_TRUE(reply.headers.empty());
  EXPECT_FALSE(Exists());
  EXPECT_EQ(h.Run(GetBlob, "GET /c/b").code, "ContainerNotFound");
  EXPECT_GT(h.engine->Stats().live_bytes, 0u);
  ASSERT_EQ(h.background.entries.size(), 1u);
  h.RunBackground();
  EXPECT_EQ(h.engine->Stats().live_bytes, 0u);
}

TEST_F(DeleteContainerTest, TwiceIsNotFound) {
  ASSERT_EQ(Delete().status, 202u);
  EXPECT_EQ(Delete().status, 404u);
  EXPECT_EQ(Delete().code, "ContainerNotFound");
  EXPECT_EQ(h.background.entries.size(), 1u);
}

TEST_F(DeleteContainerTest, TheNameIsFreeAtOnceAndTheNewContainerIsAnother) {
  PutBlob("old", "old content");
  ASSERT_EQ(Delete().status, 202u);
  Create();
  EXPECT_EQ(h.Run(GetBlob, "GET /c/old").code, "BlobNotFound");
  PutBlob("new", "new content");
  h.RunBackground();
  EXPECT_EQ(h.Run(GetBlob, "GET /c/new").body, "new content");
  EXPECT_EQ(h.engine->Stats().live_bytes, 11u);
}

TEST_F(DeleteContainerTest, ALeaseGuardsIt) {
  Lease("acquire\nx-ms-lease-duration: -1\nx-ms-proposed-lease-id: " + kA);
  EXPECT_EQ(Delete().status, 412u);
  EXPECT_EQ(Delete().code, "LeaseIdMissing");
  EXPECT_EQ(Delete("x-ms-lease-id: " + kB).code, "LeaseIdMismatchWithContainerOperation");
  EXPECT_EQ(Delete("x-ms-lease-id: nonsense").code, "InvalidHeaderValue");
  EXPECT_TRUE(Exists());
  EXPECT_EQ(Delete("x-ms-lease-id: " + kA).status, 202u);
}

TEST_F(DeleteContainerTest, ABreakingLeaseStillGuardsAndABrokenOneDoesNot) {
  Lease("acquire\nx-ms-lease-duration: -1\nx-ms-proposed-lease-id: " + kA);
  Lease("break\nx-ms-lease-break-period: 10");
  EXPECT_EQ(Delete().code, "LeaseIdMissing");
  h.clock.Advance(std::chrono::seconds(10));
  EXPECT_EQ(Delete("x-ms-lease-id: " + kA).code, "LeaseLost");
  EXPECT_EQ(Delete().status, 202u);
}

TEST_F(DeleteContainerTest, AnIdWithoutALease) {
  EXPECT_EQ(Delete("x-ms-lease-id: " + kA).code, "LeaseNotPresentWithContainerOperation");
  EXPECT_TRUE(Exists());
}

TEST_F(DeleteContainerTest, LeasesOfBlobsDoNotGuard) {
  PutBlob("b", "content");
  ASSERT_EQ(h.Run(LeaseBlob,
                  "PUT /c/b?comp=lease\nx-ms-lease-action: acquire"
                  "\nx-ms-lease-duration: -1")
                .status,
            201u);
  EXPECT_EQ(Delete().status, 202u);
}

TEST_F(DeleteContainerTest, OnlyTheDatesAreConditions) {
  EXPECT_EQ(Delete("If-Modified-Since: Thu, 15 Jan 2026 12:00:00 GMT").status, 412u);
  EXPECT_EQ(Delete("If-Unmodified-Since: Thu, 15 Jan 2026 11:00:00 GMT").code, "ConditionNotMet");
  EXPECT_TRUE(Exists());
  EXPECT_EQ(Delete("If-Match: \"0x1\"").status, 202u);
}

TEST_F(DeleteContainerTest, AFailedCommitDeletesNothing) {
  h.faults->FailNextCommit(Errc::kReadOnly);
  EXPECT_EQ(Delete().status, 503u);
  EXPECT_TRUE(Exists());
  EXPECT_TRUE(h.background.entries.empty());
}

TEST_F(DeleteContainerTest, AConflictIsTriedAgain) {
  h.faults->FailNextCommit(Errc::kConflict);
  EXPECT_EQ(Delete().status, 202u);
}

}  // namespace
}  // namespace blobgate::operations
