#include "copy_test_support.h"

namespace blobgate::operations {
namespace {

using CopyBlobTest = CopyTest;

constexpr std::string_view kCopy = "PUT /c/d\nx-ms-copy-source: http://local/c/s";

TEST_F(CopyBlobTest, SharesTheExtentsOfOurOwnBlob) {
  PutSource("s", "hello");
  const std::uint64_t stored = StoredBytes();
  const auto reply = h.Run(CopyBlob, kCopy);
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(reply.Header("x-ms-copy-status"), "success");
  EXPECT_EQ(reply.Header("x-ms-copy-id").size(), 36u);
  EXPECT_FALSE(reply.Header("ETag").empty());
  EXPECT_FALSE(reply.Has("x-ms-content-crc64"));
  EXPECT_EQ(Body("d"), "hello");
  EXPECT_EQ(StoredBytes(), stored);
  // Each blob has its own reference.
  EXPECT_EQ(h.Run(DeleteBlob, "DELETE /c/s").status, 202u);
  EXPECT_EQ(Body("d"), "hello");
  EXPECT_EQ(h.Run(DeleteBlob, "DELETE /c/d").status, 202u);
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(CopyBlobTest, TakesPropertiesAndMetadataButNoTags) {
  PutSource("s", "hello");
  h.Run(CopyBlob, kCopy);
  const auto record = Record("d");
  EXPECT_EQ(record.properties.content_type, "text/plain");
  EXPECT_EQ(record.properties.content_language, "de");
  EXPECT_EQ(record.properties.cache_control, "no-store");
  EXPECT_EQ(record.properties.content_md5, Md5Of(AsBytes("hello")));
  ASSERT_EQ(record.metadata.size(), 1u);
  EXPECT_EQ(record.metadata[0].second, "blue");
  EXPECT_TRUE(record.tags.empty());
  EXPECT_EQ(record.copy.status, blob::CopyState::Status::kSuccess);
  EXPECT_EQ(record.copy.bytes_done, 5u);
  EXPECT_EQ(record.copy.bytes_total, 5u);
}

TEST_F(CopyBlobTest, OwnMetadataAndTagsReplace) {
  PutSource("s", "hello");
  h.Run(CopyBlob, std::string(kCopy) + "\nx-ms-meta-shape: round\nx-ms-tags: a=b");
  const auto record = Record("d");
  ASSERT_EQ(record.metadata.size(), 1u);
  EXPECT_EQ(record.metadata[0].second, "round");
  EXPECT_EQ(record.tags, (blob::Tags{{"a", "b"}}));
}

TEST_F(CopyBlobTest, KeepsTheBlockList) {
  PutBlocks("s", "abc", "de");
  h.Run(CopyBlob, kCopy);
  EXPECT_EQ(Body("d"), "abcde");
  const auto content = h.Await(LoadContent(h.services, Record("d")));
  ASSERT_TRUE(content);
  EXPECT_TRUE(content->block_list);
  ASSERT_EQ(content->blocks.size(), 2u);
  EXPECT_EQ(content->blocks[0].id, "QUE=");
  EXPECT_EQ(content->blocks[1].id, "QkI=");
}

TEST_F(CopyBlobTest, TheSignatureIsNotStored) {
  PutSource("s", "hello");
  h.Run(CopyBlob, "PUT /c/d\nx-ms-copy-source: http://local/c/s?sv=1&sig=SECRET&%73ig=SECRET&se=2");
  EXPECT_EQ(Record("d").copy.source, "http://local/c/s?sv=1&se=2");
}

TEST_F(CopyBlobTest, OntoItselfRefreshesMetadata) {
  PutSource("s", "hello");
  const auto before = Record("s");
  const auto reply =
      h.Run(CopyBlob, "PUT /c/s\nx-ms-copy-source: http://local/c/s\nx-ms-meta-new: 1");
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(Body("s"), "hello");
  EXPECT_EQ(LiveBytes(), 5u);
  EXPECT_GT(Record("s").etag, before.etag);
  EXPECT_EQ(Record("s").metadata[0].first, "new");
}

TEST_F(CopyBlobTest, MissingSourceIsTheSourcesFailure) {
  for (const char* url : {"http://local/c/none", "http://local/none/s"}) {
    const auto reply = h.Run(CopyBlob, std::string("PUT /c/d\nx-ms-copy-source: ") + url);
    EXPECT_EQ(reply.status, 404u);
    EXPECT_EQ(reply.code, "CannotVerifyCopySource");
    EXPECT_EQ(reply.Header("x-ms-copy-source-status-code"), "404");
  }
  const auto reply = h.Run(CopyBlob, "PUT /c/d\nx-ms-copy-source: http://local/c/none");
  EXPECT_EQ(reply.Header("x-ms-copy-source-error-code"), "BlobNotFound");
}

TEST_F(CopyBlobTest, UncommittedSourceIsNotThere) {
  h.Run(PutBlock, "PUT /c/s?comp=block&blockid=QUE%3D", "abc");
  EXPECT_EQ(h.Run(CopyBlob, kCopy).code, "CannotVerifyCopySource");
}

TEST_F(CopyBlobTest, SourceConditions) {
  PutSource("s", "hello");
  const std::string etag = Read("s").Header("ETag");
  const std::string copy(kCopy);
  EXPECT_EQ(h.Run(CopyBlob, copy + "\nx-ms-source-if-match: " + etag).status, 202u);
  const auto reply = h.Run(CopyBlob, copy + "\nx-ms-source-if-match: \"0x1\"");
  EXPECT_EQ(reply.status, 412u);
  EXPECT_EQ(reply.code, "SourceConditionNotMet");
  EXPECT_EQ(h.Run(CopyBlob, copy + "\nx-ms-source-if-tags: \"k\" = 'v'").status, 202u);
  EXPECT_EQ(h.Run(CopyBlob, copy + "\nx-ms-source-if-tags: \"k\" = 'w'").status, 412u);
}

TEST_F(CopyBlobTest, TagConditionsNeedTheRightToReadTags) {
  PutSource("s", "hello");
  h.sources.may_read_tags = false;
  const auto reply = h.Run(CopyBlob, std::string(kCopy) + "\nx-ms-source-if-tags: \"k\" = 'v'");
  EXPECT_EQ(reply.status, 403u);
  EXPECT_EQ(reply.Header("x-ms-copy-source-error-code"), "AuthorizationPermissionMismatch");
}

TEST_F(CopyBlobTest, DestinationConditionsAndLeases) {
  PutSource("s", "hello");
  PutSource("d", "old");
  EXPECT_EQ(h.Run(CopyBlob, std::string(kCopy) + "\nIf-None-Match: *").code, "BlobAlreadyExists");
  const auto lease = h.Run(LeaseBlob,
                           "PUT /c/d?comp=lease\nx-ms-lease-action: acquire"
                           "\nx-ms-lease-duration: 30");
  EXPECT_EQ(h.Run(CopyBlob, kCopy).code, "LeaseIdMissing");
  const std::string with_id =
      std::string(kCopy) + "\nx-ms-lease-id: " + lease.Header("x-ms-lease-id");
  EXPECT_EQ(h.Run(CopyBlob, with_id).code, "InfiniteLeaseDurationRequired");
  EXPECT_EQ(Body("d"), "old");
}

TEST_F(CopyBlobTest, ArchivedSourceOnlyToAnOnlineTier) {
  PutSource("s", "hello");
  h.Run(SetBlobTier, "PUT /c/s?comp=tier\nx-ms-access-tier: Archive");
  const std::string copy(kCopy);
  EXPECT_EQ(h.Run(CopyBlob, copy).code, "BlobArchived");
  EXPECT_EQ(h.Run(CopyBlob, copy + "\nx-ms-access-tier: Archive").code, "BlobArchived");
  EXPECT_EQ(h.Run(CopyBlob, copy + "\nx-ms-access-tier: Cool\nx-ms-rehydrate-priority: Low").code,
            "InvalidHeaderValue");
  EXPECT_EQ(
      h.Run(CopyBlob, copy + "\nx-ms-access-tier: Cool\nx-ms-rehydrate-priority: High").status,
      202u);
  // The copy comes back with its tier; the source stays where it is.
  const auto pending = h.Run(GetBlobProperties, "HEAD /c/d");
  EXPECT_EQ(pending.Header("x-ms-access-tier"), "Archive");
  EXPECT_EQ(pending.Header("x-ms-archive-status"), "rehydrate-pending-to-cool");
  EXPECT_EQ(pending.Header("x-ms-rehydrate-priority"), "High");
  EXPECT_EQ(Read("d").code, "BlobArchived");
  h.clock.Advance(h.services.rehydration.high);
  EXPECT_EQ(Body("d"), "hello");
  EXPECT_EQ(h.Run(GetBlobProperties, "HEAD /c/d").Header("x-ms-access-tier"), "Cool");
  EXPECT_EQ(Read("s").code, "BlobArchived");
  h.Run(SetBlobTier, "PUT /c/s?comp=tier\nx-ms-access-tier: Hot");
  EXPECT_EQ(h.Run(CopyBlob, copy + "\nx-ms-access-tier: Cool").code, "BlobBeingRehydrated");
}

TEST_F(CopyBlobTest, SourceRemovedBeforeTheCommit) {
  PutSource("s", "hello");
  h.faults->FailNextCommit(Errc::kExtentGone);     // as when the last reference went meanwhile
  EXPECT_EQ(h.Run(CopyBlob, kCopy).status, 202u);  // loaded again: it is still there
  EXPECT_EQ(Body("d"), "hello");
}

TEST_F(CopyBlobTest, HostileRequests) {
  PutSource("s", "hello");
  EXPECT_EQ(h.Run(CopyBlob, std::string(kCopy), "a body").code, "ContentLengthMustBeZero");
  EXPECT_EQ(h.Run(CopyBlob, std::string(kCopy) + "\nx-ms-encryption-key: AAAA").code,
            "UnsupportedHeader");
  EXPECT_EQ(h.Run(CopyBlob, "PUT /none/d\nx-ms-copy-source: http://local/c/s").code,
            "ContainerNotFound");
}

TEST_F(CopyBlobTest, OnlyASharedKeyReadsItsOwnAccount) {
  PutSource("s", "hello");
  h.Run(CopyBlob, kCopy);
  EXPECT_EQ(h.sources.seen.back().own_account, "acct");
  h.shared_key = false;
  h.Run(CopyBlob, kCopy);
  EXPECT_EQ(h.sources.seen.back().own_account, "");
}

}  // namespace
}  // namespace blobgate::operations
