// Copy Blob From URL and Put Blob From URL.
#include "copy_test_support.h"

namespace blobgate::operations {
namespace {

using CopyFromUrlTest = CopyTest;

constexpr std::string_view kCopy =
    "PUT /c/d\nx-ms-requires-sync: true\nx-ms-copy-source: http://local/c/s";
constexpr std::string_view kPut =
    "PUT /c/d\nx-ms-blob-type: BlockBlob\nx-ms-copy-source: http://local/c/s";
constexpr std::string_view kOutside = "https://other.example/a";

std::string PutFrom(std::string_view url) {
  return "PUT /c/d\nx-ms-blob-type: BlockBlob\nx-ms-copy-source: " + std::string(url);
}

TEST_F(CopyFromUrlTest, CopyOfOurOwnBlob) {
  PutBlocks("s", "abc", "de");
  const std::uint64_t stored = StoredBytes();
  const auto reply = h.Run(CopyBlobFromUrl, kCopy);
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(reply.Header("x-ms-copy-status"), "success");
  EXPECT_EQ(reply.Header("x-ms-content-crc64"), Crc64Text("abcde"));
  EXPECT_FALSE(reply.Has("Content-MD5"));
  EXPECT_EQ(Body("d"), "abcde");
  EXPECT_EQ(StoredBytes(), stored);
  EXPECT_EQ(Record("d").copy.status, blob::CopyState::Status::kSuccess);
}

TEST_F(CopyFromUrlTest, PutLeavesNoCopyStateAndNoMetadata) {
  PutSource("s", "hello");
  const auto reply = h.Run(PutBlobFromUrl, kPut);
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("x-ms-content-crc64"), Crc64Text("hello"));
  EXPECT_EQ(reply.Header("x-ms-request-server-encrypted"), "true");
  EXPECT_FALSE(reply.Has("x-ms-copy-id"));
  const auto record = Record("d");
  EXPECT_EQ(record.copy.status, blob::CopyState::Status::kNone);
  EXPECT_TRUE(record.metadata.empty());
  EXPECT_TRUE(record.tags.empty());
  EXPECT_EQ(record.properties.content_type, "text/plain");
  EXPECT_EQ(record.properties.content_md5, Md5Of(AsBytes("hello")));
}

TEST_F(CopyFromUrlTest, PutsOwnPropertiesWinOneByOne) {
  PutSource("s", "hello");
  h.Run(PutBlobFromUrl, std::string(kPut) + "\nx-ms-blob-content-type: image/png");
  EXPECT_EQ(Record("d").properties.content_type, "image/png");
  EXPECT_EQ(Record("d").properties.content_language, "de");
  h.Run(PutBlobFromUrl, std::string(kPut) +
                            "\nx-ms-copy-source-blob-properties: false"
                            "\nx-ms-blob-cache-control: private");
  const auto record = Record("d");
  EXPECT_EQ(record.properties.content_type, "application/octet-stream");
  EXPECT_EQ(record.properties.content_language, "");
  EXPECT_EQ(record.properties.cache_control, "private");
  EXPECT_EQ(
      h.Run(PutBlobFromUrl, std::string(kPut) + "\nx-ms-copy-source-blob-properties: maybe").code,
      "InvalidHeaderValue");
}

TEST_F(CopyFromUrlTest, TagsAreCopiedWhenAskedFor) {
  PutSource("s", "hello");
  const std::string copy_tags = std::string(kPut) + "\nx-ms-copy-source-tag-option: COPY";
  EXPECT_EQ(h.Run(PutBlobFromUrl, copy_tags).status, 201u);
  EXPECT_EQ(Record("d").tags, (blob::Tags{{"k", "v"}}));
  EXPECT_EQ(h.Run(PutBlobFromUrl, copy_tags + "\nx-ms-tags: a=b").code,
            "BothUserTagsAndSourceTagsCopyPresentException");
  h.sources.may_read_tags = false;
  EXPECT_EQ(h.Run(PutBlobFromUrl, copy_tags).status, 403u);
  h.sources.may_read_tags = true;
  h.permissions = azure::Permissions("rw");
  EXPECT_EQ(h.Run(PutBlobFromUrl, copy_tags).code, "AuthorizationPermissionMismatch");
  EXPECT_EQ(h.Run(PutBlobFromUrl, std::string(kPut) + "\nx-ms-copy-source-tag-option: X").code,
            "InvalidHeaderValue");
}

TEST_F(CopyFromUrlTest, SourceHashesAreChecked) {
  PutSource("s", "hello");
  const std::string header = std::string(kPut) + "\nx-ms-source-content-md5: ";
  const auto good = h.Run(PutBlobFromUrl, header + Md5Text("hello"));
  EXPECT_EQ(good.status, 201u);
  EXPECT_EQ(good.Header("Content-MD5"), Md5Text("hello"));
  EXPECT_FALSE(good.Has("x-ms-content-crc64"));
  h.Run(DeleteBlob, "DELETE /c/d");
  const auto bad = h.Run(PutBlobFromUrl, header + Md5Text("other"));
  EXPECT_EQ(bad.code, "Md5Mismatch");
  EXPECT_EQ(bad.Detail("UserSpecifiedMd5"), Md5Text("other"));
  EXPECT_EQ(bad.Detail("ServerCalculatedMd5"), Md5Text("hello"));
  EXPECT_EQ(h.Run(GetBlob, "GET /c/d").status, 404u);
  EXPECT_EQ(h.Run(PutBlobFromUrl, header + "AAAA").code, "InvalidMd5");
}

TEST_F(CopyFromUrlTest, FailedSourceConditionsMirrorTheirStatus) {
  PutSource("s", "hello");
  const std::string etag = Read("s").Header("ETag");
  const auto match = h.Run(PutBlobFromUrl, std::string(kPut) + "\nx-ms-source-if-match: \"0x1\"");
  EXPECT_EQ(match.status, 412u);
  EXPECT_EQ(match.code, "CannotVerifyCopySource");
  EXPECT_EQ(match.Header("x-ms-copy-source-status-code"), "412");
  EXPECT_EQ(match.Header("x-ms-copy-source-error-code"), "ConditionNotMet");
  const auto none =
      h.Run(CopyBlobFromUrl, std::string(kCopy) + "\nx-ms-source-if-none-match: " + etag);
  EXPECT_EQ(none.status, 304u);
  EXPECT_EQ(none.code, "CannotVerifyCopySource");
}

TEST_F(CopyFromUrlTest, EmptySource) {
  PutSource("s", "");
  EXPECT_EQ(h.Run(PutBlobFromUrl, kPut).Header("x-ms-content-crc64"), Crc64Text(""));
  EXPECT_EQ(Record("d").length, 0u);
}

TEST_F(CopyFromUrlTest, ArchivedSource) {
  PutSource("s", "hello");
  h.Run(SetBlobTier, "PUT /c/s?comp=tier\nx-ms-access-tier: Archive");
  EXPECT_EQ(h.Run(PutBlobFromUrl, std::string(kPut) + "\nx-ms-access-tier: Hot").code,
            "BlobArchived");
}

TEST_F(CopyFromUrlTest, OutsideSource) {
  Outside(kOutside, "from far",
          {{"content-type", "a/b"}, {"x-ms-meta-x", "1"}, {"x-ms-meta-bad-name", "2"}});
  const auto put = h.Run(PutBlobFromUrl, PutFrom(kOutside));
  EXPECT_EQ(put.status, 201u);
  EXPECT_EQ(put.Header("x-ms-content-crc64"), Crc64Text("from far"));
  EXPECT_EQ(Body("d"), "from far");
  EXPECT_EQ(Record("d").properties.content_type, "a/b");
  EXPECT_TRUE(Record("d").metadata.empty());
  const auto copy =
      h.Run(CopyBlobFromUrl,
            "PUT /c/d\nx-ms-requires-sync: true\nx-ms-copy-source: " + std::string(kOutside));
  EXPECT_EQ(copy.status, 202u);
  ASSERT_EQ(Record("d").metadata.size(), 1u);
  EXPECT_EQ(Record("d").metadata[0].first, "x");
}

TEST_F(CopyFromUrlTest, ConditionsArePassedOn) {
  Outside(kOutside, "x");
  h.Run(PutBlobFromUrl, PutFrom(kOutside) + "\nx-ms-source-if-match: \"e\"");
  ASSERT_EQ(h.sources.seen.back().conditions.size(), 1u);
  EXPECT_EQ(h.sources.seen.back().conditions[0],
            (std::pair<std::string, std::string>("if-match", "\"e\"")));
}

TEST_F(CopyFromUrlTest, OutsideBodyThatBreaksOff) {
  Outside(kOutside, std::string(1000, 'x'), {}, 500);
  const auto reply = h.Run(PutBlobFromUrl, PutFrom(kOutside));
  EXPECT_EQ(reply.status, 500u);
  EXPECT_EQ(reply.code, "CannotVerifyCopySource");
  EXPECT_EQ(h.Run(GetBlob, "GET /c/d").status, 404u);
  EXPECT_EQ(StoredBytes(), 0u);
}

TEST_F(CopyFromUrlTest, OutsideHashMismatchLeavesNothing) {
  Outside(kOutside, "bytes");
  const auto reply =
      h.Run(PutBlobFromUrl, PutFrom(kOutside) + "\nx-ms-source-content-md5: " + Md5Text("others"));
  EXPECT_EQ(reply.code, "Md5Mismatch");
  EXPECT_EQ(StoredBytes(), 0u);
}

TEST_F(CopyFromUrlTest, FailedCommitGivesTheBytesBack) {
  Outside(kOutside, "bytes");
  h.faults->FailNextCommit(Errc::kNoSpace);
  EXPECT_EQ(h.Run(PutBlobFromUrl, PutFrom(kOutside)).status, 507u);
  EXPECT_EQ(StoredBytes(), 0u);
}

TEST_F(CopyFromUrlTest, TagsOfAnOutsideSourceAreNotThere) {
  Outside(kOutside, "x", {{"x-ms-tag-count", "1"}});
  EXPECT_EQ(h.Run(PutBlobFromUrl, PutFrom(kOutside) + "\nx-ms-copy-source-tag-option: COPY").code,
            "UnsupportedHeader");
}

TEST_F(CopyFromUrlTest, MetadataOfAnOutsideSourceHasALimit) {
  Outside(kOutside, "x", {{"x-ms-meta-big", std::string(9000, 'm')}});
  EXPECT_EQ(h.Run(PutBlobFromUrl, PutFrom(kOutside)).code, "MetadataTooLarge");
}

TEST_F(CopyFromUrlTest, ABlockedDestinationFetchesNothing) {
  PutSource("d", "old");
  Outside(kOutside, "x");
  EXPECT_EQ(h.Run(PutBlobFromUrl, PutFrom(kOutside) + "\nIf-None-Match: *").code,
            "BlobAlreadyExists");
  EXPECT_TRUE(h.sources.seen.empty());
}

}  // namespace
}  // namespace blobgate::operations
