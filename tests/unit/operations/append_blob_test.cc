#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>

#include "azure/block_list_xml.h"
#include "copy_test_support.h"
#include "operations/append/append_rows.h"
#include "operations/blob_content.h"
#include "operations/leftovers.h"

namespace blobgate::operations {
namespace {

class AppendBlobTest : public CopyTest {
 protected:
  AppendBlobTest() { Create("a"); }

  test::Reply Create(std::string_view name, std::string_view headers = {}) {
    return h.Send("PUT /c/" + std::string(name) +
                  "\nx-ms-blob-type: AppendBlob\nContent-Length: 0" + std::string(headers));
  }
  test::Reply Append(std::string body, std::string_view headers = {}, std::string_view name = "a") {
    return h.Send("PUT /c/" + std::string(name) + "?comp=appendblock" + std::string(headers),
                  std::move(body));
  }
  test::Reply Seal(std::string_view headers = {}) {
    return h.Send("PUT /c/a?comp=seal\nContent-Length: 0" + std::string(headers));
  }
  test::Reply FromUrl(std::string_view headers) {
    return h.Send("PUT /c/a?comp=appendblock\nContent-Length: 0" + std::string(headers));
  }
  void PretendBlocks(std::uint32_t count) {
    auto record = Record("a");
    record.block_count = count;
    PutRecord("a", record);
  }
  void PutRecord(std::string_view name, const blob::BlobRecord& record) {
    azure::Resource resource;
    resource.account = h.account.name;
    resource.container = "c";
    resource.blob = name;
    auto target = h.Await(LoadTarget(h.services, resource));
    ASSERT_TRUE(target);
    engine::Batch batch;
    batch.puts.push_back({target->key, record.Encode()});
    ASSERT_TRUE(*h.Await(CommitTarget(h.services, *target, std::move(batch))));
  }
};

TEST_F(AppendBlobTest, BeginsEmpty) {
  const auto reply = Create("b", "\nx-ms-blob-content-type: text/log\nx-ms-meta-k: v");
  EXPECT_EQ(reply.status, 201u);
  EXPECT_FALSE(reply.Has("Content-MD5"));
  EXPECT_FALSE(reply.Has("x-ms-content-crc64"));
  EXPECT_EQ(reply.Header("x-ms-request-server-encrypted"), "true");
  const auto head = h.Send("HEAD /c/b");
  EXPECT_EQ(head.Header("x-ms-blob-type"), "AppendBlob");
  EXPECT_EQ(head.Header("x-ms-blob-committed-block-count"), "0");
  EXPECT_EQ(head.Header("Content-Type"), "text/log");
  EXPECT_FALSE(head.Has("x-ms-access-tier"));
  EXPECT_FALSE(head.Has("x-ms-blob-sealed"));
  EXPECT_EQ(Read("b").status, 200u);
  EXPECT_EQ(Body("b"), "");
}

TEST_F(AppendBlobTest, CreationTakesNoBodyAndNoTier) {
  const std::string url = "PUT /c/b\nx-ms-blob-type: AppendBlob";
  EXPECT_EQ(h.Send(url, "x").code, "InvalidHeaderValue");
  EXPECT_EQ(h.Send(url).code, "MissingContentLengthHeader");
  EXPECT_EQ(Create("b", "\nx-ms-access-tier: Hot").code, "AccessTierNotSupportedForBlobType");
  EXPECT_EQ(Create("b", "\nx-ms-blob-content-length: 512").code, "UnsupportedHeader");
  EXPECT_EQ(h.Send("PUT /c/b\nx-ms-blob-type: HeapBlob\nContent-Length: 0").code,
            "InvalidHeaderValue");
}

TEST_F(AppendBlobTest, BlocksComeOneBehindTheOther) {
  const auto first = Append("hello ");
  EXPECT_EQ(first.status, 201u);
  EXPECT_EQ(first.Header("x-ms-blob-append-offset"), "0");
  EXPECT_EQ(first.Header("x-ms-blob-committed-block-count"), "1");
  EXPECT_EQ(first.Header("x-ms-content-crc64"), Crc64Text("hello "));
  EXPECT_FALSE(first.Has("Content-MD5"));
  EXPECT_EQ(first.Header("x-ms-request-server-encrypted"), "true");
  const auto second = Append("world");
  EXPECT_EQ(second.Header("x-ms-blob-append-offset"), "6");
  EXPECT_EQ(second.Header("x-ms-blob-committed-block-count"), "2");
  EXPECT_NE(second.Header("ETag"), first.Header("ETag"));
  const auto read = Read("a");
  EXPECT_EQ(read.body, "hello world");
  EXPECT_EQ(read.Header("ETag"), second.Header("ETag"));
  EXPECT_EQ(read.Header("x-ms-blob-committed-block-count"), "2");
}

TEST_F(AppendBlobTest, EveryRange) {
  std::string all;
  for (int i = 1; i <= 6; ++i) {
    std::string block(static_cast<std::size_t>(i), static_cast<char>('a' + i));
    all += block;
    ASSERT_EQ(Append(std::move(block)).status, 201u);
  }
  for (std::size_t first = 0; first < all.size(); ++first) {
    for (std::size_t last = first; last < all.size(); ++last) {
      const auto reply = h.Send("GET /c/a\nx-ms-range: bytes=" + std::to_string(first) + "-" +
                                std::to_string(last));
      ASSERT_EQ(reply.status, 206u);
      ASSERT_EQ(reply.body, all.substr(first, last - first + 1));
    }
  }
  EXPECT_EQ(h.Send("GET /c/a\nx-ms-range: bytes=21-").code, "InvalidRange");
  EXPECT_EQ(h.Send("GET /c/a\nx-ms-range: bytes=2-5\nx-ms-range-get-content-md5: true")
                .Header("Content-MD5"),
            Md5Text(all.substr(2, 4)));
}

TEST_F(AppendBlobTest, HashesAreChecked) {
  EXPECT_EQ(Append("abc", "\nContent-MD5: " + Md5Text("abc")).Header("Content-MD5"),
            Md5Text("abc"));
  EXPECT_EQ(Append("abc", "\nContent-MD5: " + Md5Text("abd")).code, "Md5Mismatch");
  EXPECT_EQ(Append("abc", "\nContent-MD5: AAAA").code, "InvalidMd5");
  EXPECT_EQ(Append("abc", "\nx-ms-content-crc64: " + Crc64Text("abc")).status, 201u);
  EXPECT_EQ(Append("abc", "\nx-ms-content-crc64: " + Crc64Text("abd")).code, "Crc64Mismatch");
  EXPECT_EQ(Append("abc",
                   "\nContent-MD5: " + Md5Text("abc") + "\nx-ms-content-crc64: " + Crc64Text("abc"))
                .code,
            "BothCrc64AndMd5HeaderPresent");
  h.version = "2018-11-09";
  EXPECT_EQ(Append("abc").Header("Content-MD5"), Md5Text("abc"));
  EXPECT_EQ(Body("a"), "abcabcabc");
  EXPECT_EQ(StoredBytes(), 9u) << "what was refused is not kept";
}

TEST_F(AppendBlobTest, LimitsOfABlock) {
  EXPECT_EQ(h.Send("PUT /c/a?comp=appendblock\nContent-Length: 0").code, "InvalidHeaderValue");
  EXPECT_EQ(h.Send("PUT /c/a?comp=appendblock").code, "MissingContentLengthHeader");
  const auto length = [&](std::uint64_t bytes) {
    return h.Send("PUT /c/a?comp=appendblock\nContent-Length: " + std::to_string(bytes), "x").code;
  };
  EXPECT_EQ(length(100 * 1024 * 1024 + 1), "RequestBodyTooLarge");
  EXPECT_EQ(length(100 * 1024 * 1024), "InvalidInput") << "it fits, but ends early";
  h.version = "2022-11-01";
  EXPECT_EQ(length(4 * 1024 * 1024 + 1), "RequestBodyTooLarge");
  EXPECT_EQ(length(4 * 1024 * 1024), "InvalidInput");
}

TEST_F(AppendBlobTest, PositionAndSizeConditions) {
  Append("12345");
  EXPECT_EQ(Append("x", "\nx-ms-blob-condition-appendpos: 4").code,
            "AppendPositionConditionNotMet");
  EXPECT_EQ(Append("x", "\nx-ms-blob-condition-appendpos: 4").status, 412u);
  EXPECT_EQ(Append("678", "\nx-ms-blob-condition-appendpos: 5").status, 201u);
  EXPECT_EQ(Append("9", "\nx-ms-blob-condition-maxsize: 8").code, "MaxBlobSizeConditionNotMet");
  EXPECT_EQ(Append("9", "\nx-ms-blob-condition-maxsize: 5").status, 412u) << "larger already";
  EXPECT_EQ(Append("9", "\nx-ms-blob-condition-maxsize: 9").status, 201u);
  EXPECT_EQ(Append("9", "\nx-ms-blob-condition-appendpos: -1").code, "InvalidHeaderValue");
  EXPECT_EQ(Append("9", "\nx-ms-blob-condition-maxsize: 18446744073709551616").code,
            "InvalidHeaderValue");
  EXPECT_EQ(Append("9", "\nx-ms-blob-condition-maxsize: 18446744073709551615").status, 201u);
  EXPECT_EQ(Body("a"), "1234567899");
}

TEST_F(AppendBlobTest, WhatFailsTakesNoBody) {
  const auto refused = Append("12345", "\nx-ms-blob-condition-appendpos: 4");
  EXPECT_EQ(refused.body_read, 0u);
  EXPECT_EQ(Append("12345", {}, "missing").body_read, 0u);
}

TEST_F(AppendBlobTest, AtMostFiftyThousandBlocks) {
  PretendBlocks(azure::kMaxCommittedBlocks - 1);
  EXPECT_EQ(Append("x").Header("x-ms-blob-committed-block-count"), "50000");
  const auto reply = Append("x");
  EXPECT_EQ(reply.status, 409u);
  EXPECT_EQ(reply.code, "BlockCountExceedsLimit");
}

TEST_F(AppendBlobTest, OtherTypesAndMissingBlobs) {
  PutSource("block", "x");
  EXPECT_EQ(Append("x", {}, "block").code, "InvalidBlobType");
  EXPECT_EQ(Append("x", {}, "block").status, 409u);
  EXPECT_EQ(Append("x", {}, "missing").code, "BlobNotFound");
  EXPECT_EQ(Append("x", "\nIf-Match: \"0x1\"", "missing").code, "ConditionNotMet");
  EXPECT_EQ(h.Send("PUT /c/block?comp=seal\nContent-Length: 0").code, "InvalidBlobType");
  EXPECT_EQ(h.Send("PUT /c/a?comp=block&blockid=QUE%3D", "x").code, "InvalidBlobType");
  EXPECT_EQ(h.Send("PUT /c/a?comp=blocklist", "<BlockList></BlockList>").code, "InvalidBlobType");
  EXPECT_EQ(h.Send("GET /c/a?comp=blocklist").code, "InvalidBlobType");
  EXPECT_EQ(h.Send("GET /c/a?comp=pagelist").code, "InvalidBlobType");
  EXPECT_EQ(h.Send("PUT /c/a?comp=tier\nx-ms-access-tier: Cool").code,
            "AccessTierNotSupportedForBlobType");
  EXPECT_EQ(h.Send("PUT /c/a?comp=properties\nx-ms-blob-content-length: 512").code,
            "InvalidBlobType");
  EXPECT_EQ(Append("x", {}, "a?snapshot=2026-01-01T00:00:00.0000000Z").status, 400u);
}

TEST_F(AppendBlobTest, LeasesAndConditions) {
  const auto lease =
      h.Send("PUT /c/a?comp=lease\nx-ms-lease-action: acquire\nx-ms-lease-duration: -1");
  const std::string id = "\nx-ms-lease-id: " + lease.Header("x-ms-lease-id");
  EXPECT_EQ(Append("x").code, "LeaseIdMissing");
  EXPECT_EQ(Append("x", id).status, 201u);
  EXPECT_EQ(Append("x", id + "\nIf-Match: \"0x1\"").code, "ConditionNotMet");
  EXPECT_EQ(Seal().code, "LeaseIdMissing");
  EXPECT_EQ(Append("x", id + "\nIf-Match: " + Read("a").Header("ETag")).status, 201u);
}

TEST_F(AppendBlobTest, ASealedBlobTakesNoMore) {
  const auto appended = Append("abc");
  EXPECT_EQ(Seal("\nx-ms-blob-condition-appendpos: 2").code, "AppendPositionConditionNotMet");
  const auto sealed = Seal("\nx-ms-blob-condition-appendpos: 3");
  EXPECT_EQ(sealed.status, 200u);
  EXPECT_EQ(sealed.Header("x-ms-blob-sealed"), "true");
  EXPECT_NE(sealed.Header("ETag"), appended.Header("ETag"));
  EXPECT_EQ(Seal().status, 200u);
  EXPECT_EQ(Seal().Header("ETag"), sealed.Header("ETag"));
  const auto refused = Append("d");
  EXPECT_EQ(refused.status, 409u);
  EXPECT_EQ(refused.code, "BlobIsSealed");
  EXPECT_EQ(Read("a").Header("x-ms-blob-sealed"), "true");
  EXPECT_NE(h.Send("GET /c?restype=container&comp=list").body.find("<Sealed>true</Sealed>"),
            std::string::npos);
  EXPECT_EQ(h.Send("PUT /c/a?comp=metadata\nx-ms-meta-k: v").status, 200u);
  EXPECT_EQ(Create("a").status, 201u) << "it may be overwritten";
  EXPECT_EQ(Append("d").status, 201u);
}

TEST_F(AppendBlobTest, NothingIsLeftBehind) {
  for (int i = 0; i < 450; ++i) ASSERT_EQ(Append("block").status, 201u);
  EXPECT_EQ(LiveBytes(), 450u * 5);
  EXPECT_EQ(h.Send("PUT /c/a\nx-ms-blob-type: BlockBlob", "x").code, "InvalidBlobType");
  EXPECT_EQ(LiveBytes(), 450u * 5) << "what was uploaded for it is gone again";
  Create("a");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
  Append("more");
  h.Send("DELETE /c/a");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_EQ(Read("a").status, 404u);
}

TEST_F(AppendBlobTest, AnAppendIsOneRowAndTheRecord) {
  for (int i = 0; i < 100; ++i) Append("0123456789");
  const auto record = Record("a");
  EXPECT_EQ(record.length, 1000u);
  EXPECT_EQ(record.block_count, 100u);
  EXPECT_LT(record.Encode().size(), 200u);
}

TEST_F(AppendBlobTest, FromAnOwnSourceWithoutMovingBytes) {
  PutBlocks("s", "0123", "456789");
  const std::uint64_t stored = StoredBytes();
  const auto reply = FromUrl("\nx-ms-copy-source: http://local/c/s\nx-ms-source-range: bytes=2-7");
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("x-ms-blob-append-offset"), "0");
  EXPECT_EQ(reply.Header("x-ms-content-crc64"), Crc64Text("234567"));
  EXPECT_EQ(FromUrl("\nx-ms-copy-source: http://local/c/a").status, 201u) << "from itself";
  EXPECT_EQ(Body("a"), "234567234567");
  EXPECT_EQ(StoredBytes(), stored);
  h.Send("DELETE /c/s");
  EXPECT_EQ(Body("a"), "234567234567");
  h.Send("DELETE /c/a");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(AppendBlobTest, FromOutside) {
  Outside("https://far/x", "far bytes");
  const auto reply = FromUrl("\nx-ms-copy-source: https://far/x\nx-ms-source-content-md5: " +
                             Md5Text("far bytes"));
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("Content-MD5"), Md5Text("far bytes"));
  EXPECT_EQ(Body("a"), "far bytes");
  EXPECT_EQ(
      FromUrl("\nx-ms-copy-source: https://far/x\nx-ms-source-content-md5: " + Md5Text("y")).code,
      "Md5Mismatch");
  EXPECT_EQ(FromUrl("\nx-ms-copy-source: https://far/none").code, "CannotVerifyCopySource");
  Outside("https://far/broken", "0123456789", {}, 5);
  EXPECT_EQ(FromUrl("\nx-ms-copy-source: https://far/broken").code, "CannotVerifyCopySource");
  Outside("https://far/empty", "");
  EXPECT_EQ(FromUrl("\nx-ms-copy-source: https://far/empty").code, "InvalidHeaderValue");
  EXPECT_EQ(StoredBytes(), 9u);
}

TEST_F(AppendBlobTest, FromUrlChecksLikeAppendBlock) {
  PutSource("s", "0123456789");
  const std::string source = "\nx-ms-copy-source: http://local/c/s";
  EXPECT_EQ(FromUrl(source + "\nx-ms-source-range: bytes=10-").status, 416u);
  EXPECT_EQ(FromUrl(source + "\nx-ms-source-if-match: \"0x1\"").code, "CannotVerifyCopySource");
  EXPECT_EQ(FromUrl(source + "\nx-ms-source-if-match: \"0x1\"").status, 412u);
  EXPECT_EQ(FromUrl(source + "\nx-ms-blob-condition-appendpos: 1").code,
            "AppendPositionConditionNotMet");
  EXPECT_EQ(FromUrl(source + "\nx-ms-blob-condition-maxsize: 9").code,
            "MaxBlobSizeConditionNotMet");
  EXPECT_EQ(FromUrl(source + "\nx-ms-source-content-crc64: " + Crc64Text("x")).code,
            "Crc64Mismatch");
  EXPECT_EQ(h.Send("PUT /c/a?comp=appendblock" + source, "body").code, "ContentLengthMustBeZero");
  EXPECT_EQ(FromUrl("\nx-ms-copy-source: http://local/c/none").status, 404u);
  EXPECT_EQ(Body("a"), "");
}

TEST_F(AppendBlobTest, CopyBlobKeepsTypeBlocksAndSeal) {
  Append("one");
  Append("two");
  Seal();
  const std::uint64_t stored = StoredBytes();
  EXPECT_EQ(h.Send("PUT /c/copy\nx-ms-copy-source: http://local/c/a").status, 202u);
  const auto head = h.Send("HEAD /c/copy");
  EXPECT_EQ(head.Header("x-ms-blob-type"), "AppendBlob");
  EXPECT_EQ(head.Header("x-ms-blob-committed-block-count"), "2");
  EXPECT_EQ(head.Header("x-ms-blob-sealed"), "true");
  EXPECT_EQ(head.Header("x-ms-copy-status"), "success");
  EXPECT_EQ(Body("copy"), "onetwo");
  EXPECT_EQ(StoredBytes(), stored);
  h.Send("PUT /c/open\nx-ms-copy-source: http://local/c/a\nx-ms-seal-blob: false");
  EXPECT_EQ(Append("three", {}, "open").Header("x-ms-blob-append-offset"), "6");
  EXPECT_EQ(Body("open"), "onetwothree");
  EXPECT_EQ(Body("copy"), "onetwo");
  h.Send("PUT /c/shut\nx-ms-copy-source: http://local/c/open\nx-ms-seal-blob: true");
  EXPECT_EQ(Append("x", {}, "shut").code, "BlobIsSealed");
  PutSource("block", "x");
  EXPECT_EQ(h.Send("PUT /c/no\nx-ms-copy-source: http://local/c/block\nx-ms-seal-blob: true").code,
            "InvalidBlobType");
  for (const char* name : {"a", "copy", "open", "shut", "block"}) {
    EXPECT_EQ(h.Send("DELETE /c/" + std::string(name)).status, 202u);
  }
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(AppendBlobTest, ALargeCopyIsCommittedInPieces) {
  std::string all;
  for (int i = 0; i < 1300; ++i) {
    const std::string block = std::to_string(i) + ",";
    all += block;
    ASSERT_EQ(Append(block).status, 201u);
  }
  EXPECT_EQ(h.Send("PUT /c/copy\nx-ms-copy-source: http://local/c/a").status, 202u);
  EXPECT_EQ(Body("copy"), all);
  EXPECT_EQ(Append("x", {}, "copy").status, 201u);
  h.Send("DELETE /c/a");
  h.RunBackground();
  EXPECT_EQ(Body("copy"), all + "x");
  h.Send("DELETE /c/copy");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(AppendBlobTest, SynchronousCopiesMakeBlockBlobs) {
  Append("one");
  Append("two");
  h.Send("PUT /c/sync\nx-ms-copy-source: http://local/c/a\nx-ms-requires-sync: true");
  EXPECT_EQ(h.Send("HEAD /c/sync").Header("x-ms-blob-type"), "BlockBlob");
  EXPECT_EQ(Body("sync"), "onetwo");
  const auto put = h.Send(
      "PUT /c/put\nx-ms-copy-source: http://local/c/a\nx-ms-blob-type: BlockBlob"
      "\nContent-Length: 0");
  EXPECT_EQ(put.status, 201u);
  EXPECT_EQ(put.Header("x-ms-content-crc64"), Crc64Text("onetwo"));
  EXPECT_EQ(h.Send("PUT /c/b?comp=block&blockid=QUE%3D\nx-ms-copy-source: http://local/c/a"
                   "\nx-ms-source-range: bytes=1-4")
                .status,
            201u);
  h.Send("PUT /c/b?comp=blocklist", "<BlockList><Latest>QUE=</Latest></BlockList>");
  EXPECT_EQ(Body("b"), "netw");
}

TEST_F(AppendBlobTest, CopyFromOutside) {
  Outside("https://far/x", "far bytes", {{"x-ms-blob-type", "AppendBlob"}});
  EXPECT_EQ(h.Send("PUT /c/copy\nx-ms-copy-source: https://far/x").status, 202u);
  EXPECT_EQ(h.Send("HEAD /c/copy").Header("x-ms-blob-type"), "AppendBlob");
  EXPECT_EQ(Append("x", {}, "copy").code, "PendingCopyOperation");
  h.RunBackground();
  EXPECT_EQ(Body("copy"), "far bytes");
  EXPECT_EQ(Append("!", {}, "copy").Header("x-ms-blob-append-offset"), "9");
  EXPECT_EQ(Body("copy"), "far bytes!");
  h.Send("DELETE /c/copy");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

// What Snapshot Blob does, on the level of rows.
TEST_F(AppendBlobTest, StatesShareTheirBlocks) {
  const auto share = [&](blob::BlobRecord& state) {
    azure::Resource resource{.account = h.account.name, .container = "c", .blob = "a"};
    auto target = h.Await(LoadTarget(h.services, resource));
    blob::BlobRecord base = *target->blob;
    state = base;
    engine::Batch batch;
    ASSERT_TRUE(h.Await(ShareContent(h.services, *target, base, batch)));
    batch.puts.push_back({target->key, base.Encode()});
    ASSERT_TRUE(*h.Await(CommitTarget(h.services, *target, std::move(batch))));
  };
  const auto release = [&](const std::vector<blob::BlobRecord>& states) {
    azure::Resource resource{.account = h.account.name, .container = "c", .blob = "a"};
    auto target = h.Await(LoadTarget(h.services, resource));
    engine::Batch batch;
    ReferenceSet none;
    for (const auto& state : states) {
      ASSERT_TRUE(h.Await(ReleaseContent(h.services, *target, state, batch, none)));
    }
    ASSERT_TRUE(*h.Await(CommitTarget(h.services, *target, std::move(batch))));
    h.RunBackground();
  };
  blob::BlobRecord one, two, same;
  Append("1");
  share(one);
  Append("22");
  share(two);
  share(same);
  Append("333");
  release({two});  // in the middle: the newer ones still need its blocks
  EXPECT_EQ(LiveBytes(), 6u);
  EXPECT_EQ(Body("a"), "122333");
  h.Send("DELETE /c/a");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 3u) << "`same` needs two blocks";
  Create("a");
  release({same, one});
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(AppendBlobTest, DeletedContainersLeaveNothing) {
  Append("abc");
  Seal();
  h.Send("PUT /c/copy\nx-ms-copy-source: http://local/c/a");
  EXPECT_EQ(h.Send("DELETE /c?restype=container").status, 202u);
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(AppendBlobTest, LeftoversOfACrashAreTakenUp) {
  Append("abc");
  h.Send("DELETE /c/a");
  h.background.entries.clear();  // what a crash does
  EXPECT_EQ(LiveBytes(), 3u);
  ASSERT_TRUE(h.Await(ResumeLeftovers(h.services, {"acct"})));
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(AppendBlobTest, AFailedCommitKeepsNothing) {
  h.faults->FailNextCommit(Errc::kNoSpace);
  EXPECT_EQ(Append("abc").status, 507u);
  EXPECT_EQ(StoredBytes(), 0u);
  h.faults->FailNextCommit(Errc::kConflict);
  EXPECT_EQ(Append("abc").status, 201u);
  EXPECT_EQ(Body("a"), "abc");
}

}  // namespace
}  // namespace blobgate::operations
