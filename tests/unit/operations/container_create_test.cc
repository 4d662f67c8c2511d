// Create Container, Get Container Properties, Get and Set Container Metadata.
#include <gtest/gtest.h>

#include <string>

#include "blob/keys.h"
#include "operations/blob_store.h"
#include "operations/handlers.h"
#include "support/engine_wrappers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

class ContainerTest : public ::testing::Test {
 protected:
  test::Reply Create(const std::string& headers = "") {
    return h.Run(CreateContainer, "PUT /c?restype=container\n" + headers);
  }
  test::Reply Properties(const std::string& headers = "") {
    return h.Run(GetContainerProperties, "GET /c?restype=container\n" + headers);
  }
  test::Reply Metadata() {
    return h.Run(GetContainerMetadata, "GET /c?restype=container&comp=metadata");
  }
  test::Reply SetMetadata(const std::string& headers) {
    return h.Run(SetContainerMetadata, "PUT /c?restype=container&comp=metadata\n" + headers);
  }

  test::OperationHarness h;
};

TEST_F(ContainerTest, CreateAnswersEtagAndDate) {
  const auto reply = Create();
  EXPECT_EQ(reply.status, 201u);
  EXPECT_TRUE(reply.Header("ETag").starts_with("\"0x8D"));
  EXPECT_EQ(reply.Header("Last-Modified"), "Thu, 15 Jan 2026 12:00:00 GMT");
  EXPECT_EQ(reply.body, "");
}

TEST_F(ContainerTest, CreateTwiceIsAConflict) {
  ASSERT_EQ(Create().status, 201u);
  const auto reply = Create();
  EXPECT_EQ(reply.status, 409u);
  EXPECT_EQ(reply.code, "ContainerAlreadyExists");
}

TEST_F(ContainerTest, APartitionThatMovesIsTriedAgain) {
  h.faults->FailNextCommit(Errc::kPartitionMoved);
  EXPECT_EQ(Create().status, 201u);
  EXPECT_EQ(Properties().status, 200u);
}

// Somebody else creates the container between the look and the commit: theirs stays.
TEST_F(ContainerTest, LosingTheRaceIsAConflict) {
  test::WrappedEngine<test::InterruptingCatalog> engine(*h.engine);
  Services services{engine, h.clock, h.etags, h.sources, h.background};
  blob::ContainerRecord theirs;
  theirs.incarnation = "theirs";
  engine.wrapped.BeforeCommit(2, [&] {
    engine::Batch batch;
    batch.puts.push_back({blob::ContainerKey("c"), theirs.Encode()});
    engine::Catalog& catalog = h.engine->catalog();
    const std::string space = blob::AccountSpace("acct");
    const auto partition = test::RunInline(catalog.Locate(space, "c"));
    ASSERT_TRUE(partition);
    ASSERT_TRUE(test::RunInline(catalog.Commit(*partition, std::move(batch))));
  });
  h.use_services = &services;
  EXPECT_EQ(Create().code, "ContainerAlreadyExists");
  const auto found = h.Await(LoadContainer(h.services, "acct", "c"));
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->record.incarnation, "theirs");
}

TEST_F(ContainerTest, ANewContainerTakesBlobs) {
  ASSERT_EQ(Create().status, 201u);
  EXPECT_EQ(h.Run(PutBlob, "PUT /c/b\nx-ms-blob-type: BlockBlob\nContent-Length: 2", "hi").status,
            201u);
  EXPECT_EQ(h.Run(GetBlob, "GET /c/b").body, "hi");
}

TEST_F(ContainerTest, CreateRefusesBadHeaders) {
  EXPECT_EQ(Create("x-ms-blob-public-access: everyone").code, "InvalidHeaderValue");
  EXPECT_EQ(Create("x-ms-blob-public-access: everyone").Detail("HeaderName"),
            "x-ms-blob-public-access");
  EXPECT_EQ(Create("x-ms-meta-a-b: 1").code, "InvalidMetadata");
  EXPECT_EQ(Create("x-ms-meta-: 1").code, "EmptyMetadataKey");
  EXPECT_EQ(Create("x-ms-meta-a: " + std::string(9000, 'x')).code, "MetadataTooLarge");
  EXPECT_EQ(Create("x-ms-deny-encryption-scope-override: maybe").code, "InvalidHeaderValue");
  EXPECT_EQ(Create("x-ms-default-encryption-scope: mine").code, "InvalidHeaderValue");
  EXPECT_EQ(Properties().code, "ContainerNotFound");
}

TEST_F(ContainerTest, PropertiesShowWhatWasCreated) {
  ASSERT_EQ(Create("x-ms-meta-Color: blue\nx-ms-blob-public-access: blob").status, 201u);
  const auto reply = Properties();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.Header("x-ms-meta-Color"), "blue");
  EXPECT_EQ(reply.Header("x-ms-blob-public-access"), "blob");
  EXPECT_EQ(reply.Header("x-ms-lease-status"), "unlocked");
  EXPECT_EQ(reply.Header("x-ms-lease-state"), "available");
  EXPECT_FALSE(reply.Has("x-ms-lease-duration"));
  EXPECT_EQ(reply.Header("x-ms-has-immutability-policy"), "false");
  EXPECT_EQ(reply.Header("x-ms-has-legal-hold"), "false");
  EXPECT_EQ(reply.Header("x-ms-default-encryption-scope"), "$account-encryption-key");
  EXPECT_EQ(reply.Header("x-ms-deny-encryption-scope-override"), "false");
}

TEST_F(ContainerTest, APrivateContainerSaysNothingOfPublicAccess) {
  ASSERT_EQ(Create().status, 201u);
  EXPECT_FALSE(Properties().Has("x-ms-blob-public-access"));
}

TEST_F(ContainerTest, AMissingContainerIsNotFound) {
  EXPECT_EQ(Properties().status, 404u);
  EXPECT_EQ(Properties().code, "ContainerNotFound");
  EXPECT_EQ(Metadata().code, "ContainerNotFound");
  EXPECT_EQ(SetMetadata("x-ms-meta-a: 1").code, "ContainerNotFound");
}

TEST_F(ContainerTest, SetMetadataReplacesAllAndChangesTheEtag) {
  const auto created = Create("x-ms-meta-a: 1\nx-ms-meta-b: 2");
  h.clock.Advance(std::chrono::seconds(5));
  const auto set = SetMetadata("x-ms-meta-C: 3");
  EXPECT_EQ(set.status, 200u);
  EXPECT_NE(set.Header("ETag"), created.Header("ETag"));
  EXPECT_EQ(set.Header("Last-Modified"), "Thu, 15 Jan 2026 12:00:05 GMT");
  const auto got = Metadata();
  EXPECT_EQ(got.Header("ETag"), set.Header("ETag"));
  EXPECT_EQ(got.Header("x-ms-meta-C"), "3");
  EXPECT_FALSE(got.Has("x-ms-meta-a"));
  EXPECT_FALSE(got.Has("x-ms-lease-state"));
}

TEST_F(ContainerTest, SetMetadataWithoutAnyRemovesAll) {
  ASSERT_EQ(Create("x-ms-meta-a: 1").status, 201u);
  ASSERT_EQ(SetMetadata("").status, 200u);
  EXPECT_FALSE(Metadata().Has("x-ms-meta-a"));
}

TEST_F(ContainerTest, SetMetadataHonoursOnlyIfModifiedSince) {
  ASSERT_EQ(Create().status, 201u);
  const auto later = SetMetadata("If-Modified-Since: Thu, 15 Jan 2026 13:00:00 GMT");
  EXPECT_EQ(later.status, 412u);
  EXPECT_EQ(later.code, "ConditionNotMet");
  EXPECT_EQ(SetMetadata("If-Modified-Since: Thu, 15 Jan 2026 11:00:00 GMT").status, 200u);
  EXPECT_EQ(SetMetadata("If-Unmodified-Since: Thu, 15 Jan 2026 11:00:00 GMT").status, 200u);
  EXPECT_EQ(SetMetadata("If-Match: \"0x1\"").status, 200u);
  EXPECT_EQ(SetMetadata("x-ms-if-tags: no expression").status, 200u);
}

TEST_F(ContainerTest, SetMetadataTriesAgainAfterAConflict) {
  ASSERT_EQ(Create().status, 201u);
  h.faults->FailNextCommit(Errc::kConflict);
  EXPECT_EQ(SetMetadata("x-ms-meta-a: 1").status, 200u);
  EXPECT_EQ(Metadata().Header("x-ms-meta-a"), "1");
}

TEST_F(ContainerTest, AFullDiskChangesNothing) {
  ASSERT_EQ(Create().status, 201u);
  h.faults->FailNextCommit(Errc::kNoSpace);
  const auto reply = SetMetadata("x-ms-meta-a: 1");
  EXPECT_EQ(reply.status, 507u);
  EXPECT_EQ(reply.code, "InsufficientStorage");
  EXPECT_FALSE(Metadata().Has("x-ms-meta-a"));
}

TEST_F(ContainerTest, ARecordThatCannotBeReadIsNeverNotFound) {
  ASSERT_EQ(Create().status, 201u);
  h.faults->FailNext(engine::MemoryFaults::Point::kGet, Errc::kCorruption);
  const auto reply = Properties();
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.code, "InternalError");
}

TEST_F(ContainerTest, AnAccountOnlySeesItsOwnContainers) {
  ASSERT_EQ(Create().status, 201u);
  h.account.name = "other";
  EXPECT_EQ(Properties().code, "ContainerNotFound");
  EXPECT_EQ(Create().status, 201u);
}

}  // namespace
}  // namespace blobgate::operations
