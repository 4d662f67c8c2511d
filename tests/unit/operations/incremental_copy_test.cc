// Incremental Copy Blob, and diffs over snapshots that the operations made.
#include "page_test_support.h"

namespace blobgate::operations {
namespace {

class IncrementalCopyTest : public PageTest {
 protected:
  IncrementalCopyTest() {
    Create("s", 8 * blob::kPageChunk,
           "\nx-ms-blob-sequence-number: 3\nx-ms-blob-content-type: a/b");
  }

  std::string Snapshot(std::string_view name) {
    h.clock.Advance(Ticks(10));
    return h.Send("PUT /c/" + std::string(name) + "?comp=snapshot").Header("x-ms-snapshot");
  }
  test::Reply Copy(std::string_view snapshot, std::string_view headers = {},
                   std::string_view source = "s") {
    return h.Send(
        "PUT /c/d?comp=incrementalcopy\nContent-Length: 0\nx-ms-copy-source: "
        "http://local/c/" +
        std::string(source) + "?snapshot=" + std::string(snapshot) + std::string(headers));
  }
  std::string Last() { return h.Send("HEAD /c/d").Header("x-ms-copy-destination-snapshot"); }
  std::string Read(std::string_view snapshot, std::uint64_t offset, std::uint64_t length) {
    return h
        .Send("GET /c/d?snapshot=" + std::string(snapshot) +
              "\nx-ms-range: " + Span(offset, length))
        .body;
  }
};

TEST_F(IncrementalCopyTest, EveryCopyMakesASnapshot) {
  Write("s", 0, Pages(4, 'a'));
  Write("s", 5 * blob::kPageChunk, Pages(2, 'f'));
  const std::string one = Snapshot("s");
  const std::uint64_t stored = StoredBytes();
  const auto reply = Copy(one);
  ASSERT_EQ(reply.status, 202u) << reply.code;
  EXPECT_EQ(reply.Header("x-ms-copy-status"), "success");
  EXPECT_EQ(StoredBytes(), stored) << "no bytes are moved";
  const auto head = h.Send("HEAD /c/d");
  EXPECT_EQ(head.Header("x-ms-incremental-copy"), "true");
  EXPECT_EQ(head.Header("x-ms-copy-id"), reply.Header("x-ms-copy-id"));
  EXPECT_EQ(head.Header("x-ms-blob-sequence-number"), "3");
  EXPECT_EQ(head.Header("Content-Type"), "a/b");
  EXPECT_EQ(head.content_length, 8 * blob::kPageChunk);
  const std::string first = Last();
  EXPECT_EQ(Read(first, 0, 2048), Pages(4, 'a'));
  EXPECT_EQ(Ranges("d", "&snapshot=" + first), Ranges("s"));

  Write("s", 512, Pages(1, 'b'));
  Clear("s", 1024, 512);
  Resize("s", 4 * blob::kPageChunk);
  const std::string two = Snapshot("s");
  ASSERT_EQ(Copy(two).status, 202u);
  EXPECT_EQ(StoredBytes(), stored + 512);
  const std::string second = Last();
  EXPECT_GT(second, first);
  EXPECT_EQ(Read(second, 0, 2048),
            Pages(1, 'a') + Pages(1, 'b') + std::string(512, '\0') + Pages(1, 'a'));
  EXPECT_EQ(Read(first, 0, 2048), Pages(4, 'a'));
  EXPECT_EQ(Ranges("d", "&snapshot=" + second), "0-1023 1536-2047 ");
  EXPECT_EQ(Ranges("d", "&snapshot=" + second + "&prevsnapshot=" + first), "512-1023 !1024-1535 ");
  h.RunBackground();
  EXPECT_EQ(Read(second, 1536, 512), Pages(1, 'a'));
  EXPECT_EQ(Read(first, 5 * blob::kPageChunk, 512), Pages(1, 'f'));
  for (const char* name : {"s", "d"}) {
    EXPECT_EQ(h.Send("DELETE /c/" + std::string(name) + "\nx-ms-delete-snapshots: include").status,
              202u);
  }
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(IncrementalCopyTest, WithoutTheLastSnapshotAllIsCopied) {
  Write("s", 0, Pages(2, 'a'));
  const std::string one = Snapshot("s");
  Copy(one);
  const std::string first = Last();
  Write("s", 0, Pages(1, 'b'));
  const std::string two = Snapshot("s");
  h.Send("DELETE /c/s?snapshot=" + one);
  h.RunBackground();
  ASSERT_EQ(Copy(two).status, 202u);
  EXPECT_EQ(Read(Last(), 0, 1024), Pages(1, 'b') + Pages(1, 'a'));
  EXPECT_EQ(Read(first, 0, 1024), Pages(2, 'a'));
  EXPECT_EQ(h.Send("GET /c/d?comp=pagelist&snapshot=" + Last() + "&prevsnapshot=" + first).code,
            "BlobOverwritten");
  h.Send("DELETE /c/s\nx-ms-delete-snapshots: include");
  h.Send("DELETE /c/d\nx-ms-delete-snapshots: include");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(IncrementalCopyTest, DeletingDestinationSnapshots) {
  std::vector<std::string> copies;
  for (char c = 'a'; c < 'e'; ++c) {
    Write("s", 512 * static_cast<std::uint64_t>(c - 'a'), Pages(2, c));
    Copy(Snapshot("s"));
    copies.push_back(Last());
  }
  const std::string last = Read(copies[3], 0, 3072);
  h.Send("DELETE /c/d?snapshot=" + copies[3]);
  h.Send("DELETE /c/d?snapshot=" + copies[1]);
  h.RunBackground();
  EXPECT_EQ(Read(copies[0], 0, 1024), Pages(2, 'a'));
  EXPECT_EQ(Read(copies[2], 0, 2048), Pages(1, 'a') + Pages(1, 'b') + Pages(2, 'c'));
  Copy(Snapshot("s"));
  EXPECT_EQ(Read(Last(), 0, 3072), last) << "the base kept it";
}

TEST_F(IncrementalCopyTest, TheDestinationIsOnlyReadThroughSnapshots) {
  Copy(Snapshot("s"));
  const std::string code = "OperationNotAllowedOnIncrementalCopyBlob";
  EXPECT_EQ(h.Send("GET /c/d").code, code);
  EXPECT_EQ(h.Send("GET /c/d").status, 409u);
  EXPECT_EQ(h.Send("GET /c/d?comp=pagelist").code, code);
  EXPECT_EQ(Write("d", 0, Pages(1, 'x')).code, code);
  EXPECT_EQ(Clear("d", 0, 512).code, code);
  EXPECT_EQ(Resize("d", 512).code, code);
  EXPECT_EQ(h.Send("PUT /c/other\nx-ms-copy-source: http://local/c/d").code,
            "InvalidSourceBlobType");
  EXPECT_EQ(h.Send("PUT /c/other\nx-ms-copy-source: http://local/c/d?snapshot=" + Last()).status,
            202u);
  EXPECT_NE(h.Send("GET /c?restype=container&comp=list&prefix=d").body.find("<IncrementalCopy>"),
            std::string::npos);
}

TEST_F(IncrementalCopyTest, Refusals) {
  const std::string one = Snapshot("s");
  const std::string two = Snapshot("s");
  const auto raw = [&](std::string_view url, std::string_view blob = "d") {
    return h.Send(
        "PUT /c/" + std::string(blob) +
        "?comp=incrementalcopy\nContent-Length: 0\nx-ms-copy-source: " + std::string(url));
  };
  EXPECT_EQ(raw("http://local/c/s").code, "IncrementalCopySourceMustBeSnapshot");
  EXPECT_EQ(h.Send("PUT /c/d?comp=incrementalcopy\nContent-Length: 0").code,
            "MissingRequiredHeader");
  Outside("https://far/x?snapshot=" + one, "x");
  EXPECT_EQ(raw("https://far/x?snapshot=" + one).code, "InvalidSourceBlobUrl");
  EXPECT_EQ(Copy("2020-01-01T00:00:00.0000000Z").code, "CannotVerifyCopySource");
  PutSource("block", "x");
  EXPECT_EQ(raw("http://local/c/block?snapshot=" + Snapshot("block")).code,
            "InvalidSourceBlobType");
  EXPECT_EQ(raw("http://local/c/s?snapshot=" + one, "block").code, "InvalidBlobType");
  Create("page", 512);
  EXPECT_EQ(raw("http://local/c/s?snapshot=" + one, "page").code, "IncrementalCopyBlobMismatch");
  ASSERT_EQ(Copy(two, "\nIf-None-Match: *").status, 202u);
  EXPECT_EQ(Copy(one).code, "IncrementalCopyOfEralierVersionSnapshotNotAllowed");
  EXPECT_EQ(Copy(one).status, 409u);
  EXPECT_EQ(Copy(two, "\nIf-None-Match: *").code, "BlobAlreadyExists");
  EXPECT_EQ(Copy(two, "\nIf-Match: \"0x1\"").code, "ConditionNotMet");
  Create("s2", 512);
  EXPECT_EQ(Copy(Snapshot("s2"), {}, "s2").code, "IncrementalCopyBlobMismatch");
}

TEST_F(IncrementalCopyTest, SnapshotsOfAllTypesKeepTheirContent) {
  h.Send("PUT /c/a\nx-ms-blob-type: AppendBlob\nContent-Length: 0");
  h.Send("PUT /c/a?comp=appendblock", "one");
  const std::string one = Snapshot("a");
  h.Send("PUT /c/a?comp=appendblock", "two");
  h.Send("PUT /c/a?comp=seal\nContent-Length: 0");
  const std::string two = Snapshot("a");
  EXPECT_EQ(h.Send("GET /c/a?snapshot=" + one).body, "one");
  EXPECT_EQ(h.Send("GET /c/a?snapshot=" + two).body, "onetwo");
  EXPECT_EQ(h.Send("HEAD /c/a?snapshot=" + two).Header("x-ms-blob-sealed"), "true");
  EXPECT_EQ(h.Send("PUT /c/copy\nx-ms-copy-source: http://local/c/a?snapshot=" + one).status, 202u);
  EXPECT_EQ(Body("copy"), "one");
  EXPECT_EQ(h.Send("DELETE /c/a").code, "SnapshotsPresent");
  h.Send("DELETE /c/a?snapshot=" + two);
  h.RunBackground();
  EXPECT_EQ(h.Send("GET /c/a").body, "onetwo");
  h.Send("DELETE /c/a\nx-ms-delete-snapshots: include");
  h.Send("DELETE /c/copy");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

// Versions: the former state keeps its layer, the base goes on in the next.
TEST_F(IncrementalCopyTest, VersionsShareLikeSnapshots) {
  h.account.versioning = true;
  Create("p", 4096);
  Write("p", 0, Pages(2, 'a'));
  const std::string before = h.Send("HEAD /c/p").Header("x-ms-version-id");
  h.clock.Advance(Ticks(10));
  EXPECT_EQ(h.Send("PUT /c/p?comp=metadata\nx-ms-meta-k: v").status, 200u);
  Write("p", 512, Pages(1, 'b'));
  const std::string snapshot = Snapshot("p");
  Write("p", 1024, Pages(1, 'c'));
  EXPECT_EQ(h.Send("GET /c/p?versionid=" + before + "\nx-ms-range: bytes=0-1535").body,
            Pages(2, 'a') + std::string(512, '\0'));
  EXPECT_EQ(h.Send("GET /c/p?snapshot=" + snapshot + "\nx-ms-range: bytes=0-1535").body,
            Pages(1, 'a') + Pages(1, 'b') + std::string(512, '\0'));
  EXPECT_EQ(Body("p", 0, 1536), Pages(1, 'a') + Pages(1, 'b') + Pages(1, 'c'));
  // The base goes as a version, then all of them, in any order.
  Create("p", 512);
  h.RunBackground();
  const std::string listed =
      h.Send("GET /c?restype=container&comp=list&prefix=p&include=versions,snapshots").body;
  std::vector<std::string> versions;
  for (std::size_t at = 0; (at = listed.find("<VersionId>", at)) != std::string::npos;) {
    at += 11;
    versions.push_back(listed.substr(at, listed.find('<', at) - at));
  }
  ASSERT_GE(versions.size(), 4u);
  EXPECT_EQ(h.Send("GET /c/p?versionid=" + before + "\nx-ms-range: bytes=0-511").body,
            Pages(1, 'a'));
  for (const std::string& version : versions) h.Send("DELETE /c/p?versionid=" + version);
  h.RunBackground();
  EXPECT_EQ(h.Send("GET /c/p?snapshot=" + snapshot + "\nx-ms-range: bytes=512-1023").body,
            Pages(1, 'b'));
  h.Send("DELETE /c/p?snapshot=" + snapshot);
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

}  // namespace
}  // namespace blobgate::operations
