#include "copy_test_support.h"

namespace blobgate::operations {
namespace {

class PutBlockFromUrlTest : public CopyTest {
 protected:
  test::Reply Stage(std::string_view id, std::string_view headers) {
    return h.Run(PutBlockFromUrl, "PUT /c/d?comp=block&blockid=" + std::string(id) +
                                      "\nx-ms-copy-source: http://local/c/s\n" +
                                      std::string(headers));
  }
  void Commit(std::string_view list) {
    ASSERT_EQ(h.Run(PutBlockList, "PUT /c/d?comp=blocklist", std::string(list)).status, 201u);
  }
};

TEST_F(PutBlockFromUrlTest, WholeBlob) {
  PutBlocks("s", "abc", "de");
  const std::uint64_t stored = StoredBytes();
  const auto reply = Stage("QQ%3D%3D", "");
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("x-ms-content-crc64"), Crc64Text("abcde"));
  EXPECT_EQ(reply.Header("x-ms-request-server-encrypted"), "true");
  EXPECT_FALSE(reply.Has("ETag"));
  EXPECT_EQ(StoredBytes(), stored);
  Commit("<BlockList><Latest>QQ==</Latest></BlockList>");
  EXPECT_EQ(Body("d"), "abcde");
}

TEST_F(PutBlockFromUrlTest, RangesShareParts) {
  PutSource("s", "0123456789");
  const std::uint64_t stored = StoredBytes();
  EXPECT_EQ(Stage("QQ%3D%3D", "x-ms-source-range: bytes=2-4").Header("x-ms-content-crc64"),
            Crc64Text("234"));
  EXPECT_EQ(Stage("Qg%3D%3D", "x-ms-source-range: bytes=8-99").status, 201u);
  EXPECT_EQ(StoredBytes(), stored);
  Commit("<BlockList><Latest>Qg==</Latest><Latest>QQ==</Latest></BlockList>");
  EXPECT_EQ(Body("d"), "89234");
  // Parts outlive the blob they came from, and can be shared again.
  h.Run(DeleteBlob, "DELETE /c/s");
  const auto again = h.Run(PutBlockFromUrl,
                           "PUT /c/e?comp=block&blockid=QQ%3D%3D"
                           "\nx-ms-copy-source: http://local/c/d\nx-ms-source-range: bytes=1-3");
  EXPECT_EQ(again.Header("x-ms-content-crc64"), Crc64Text("923"));
}

TEST_F(PutBlockFromUrlTest, BadRanges) {
  PutSource("s", "0123");
  const auto beyond = Stage("QQ%3D%3D", "x-ms-source-range: bytes=4-5");
  EXPECT_EQ(beyond.status, 416u);
  EXPECT_EQ(beyond.code, "CannotVerifyCopySource");
  EXPECT_EQ(beyond.Header("x-ms-copy-source-error-code"), "InvalidRange");
  for (const char* range : {"bytes=-3", "bytes=3-1", "bytes=0-1,2-3", "lines=0-1", "bytes=a-b"}) {
    EXPECT_EQ(Stage("QQ%3D%3D", std::string("x-ms-source-range: ") + range).code,
              "InvalidHeaderValue")
        << range;
  }
}

TEST_F(PutBlockFromUrlTest, Hashes) {
  PutSource("s", "0123456789");
  const std::string range = "x-ms-source-range: bytes=0-3\n";
  const auto md5 = Stage("QQ%3D%3D", range + "x-ms-source-content-md5: " + Md5Text("0123"));
  EXPECT_EQ(md5.status, 201u);
  EXPECT_EQ(md5.Header("Content-MD5"), Md5Text("0123"));
  EXPECT_FALSE(md5.Has("x-ms-content-crc64"));
  EXPECT_EQ(Stage("QQ%3D%3D", range + "x-ms-source-content-crc64: " + Crc64Text("0123")).status,
            201u);
  EXPECT_EQ(Stage("QQ%3D%3D", range + "x-ms-source-content-crc64: " + Crc64Text("0124")).code,
            "Crc64Mismatch");
  EXPECT_EQ(Stage("QQ%3D%3D", range + "x-ms-source-content-md5: " + Md5Text("x") +
                                  "\nx-ms-source-content-crc64: " + Crc64Text("x"))
                .code,
            "BothCrc64AndMd5HeaderPresent");
  h.version = "2018-11-09";  // knows no CRC-64 in answers
  EXPECT_EQ(Stage("QQ%3D%3D", range).Header("Content-MD5"), Md5Text("0123"));
}

TEST_F(PutBlockFromUrlTest, BlockIds) {
  PutSource("s", "x");
  EXPECT_EQ(Stage("!", "").code, "InvalidQueryParameterValue");
  EXPECT_EQ(Stage("QQ%3D%3D", "").status, 201u);
  EXPECT_EQ(Stage("QUFBQQ%3D%3D", "").code, "InvalidBlobOrBlock");
}

TEST_F(PutBlockFromUrlTest, OutsideSource) {
  Outside("https://other.example/a", "0123456789");
  const std::string head =
      "PUT /c/d?comp=block&blockid=QQ%3D%3D\nx-ms-copy-source: https://other.example/a"
      "\nx-ms-source-range: bytes=3-5";
  EXPECT_EQ(h.Run(PutBlockFromUrl, head).Header("x-ms-content-crc64"), Crc64Text("345"));
  Commit("<BlockList><Latest>QQ==</Latest></BlockList>");
  EXPECT_EQ(Body("d"), "345");
}

TEST_F(PutBlockFromUrlTest, FailuresLeaveNothing) {
  Outside("https://other.example/a", "0123456789", {}, 4);
  const std::string head =
      "PUT /c/d?comp=block&blockid=QQ%3D%3D\nx-ms-copy-source: https://other.example/a";
  EXPECT_EQ(h.Run(PutBlockFromUrl, head).code, "CannotVerifyCopySource");
  EXPECT_EQ(StoredBytes(), 0u);
  const auto list = h.Run(GetBlockList, "GET /c/d?comp=blocklist&blocklisttype=all");
  EXPECT_EQ(list.status, 404u);
}

}  // namespace
}  // namespace blobgate::operations
