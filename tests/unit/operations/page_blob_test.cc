#include <algorithm>

#include "copy_test_support.h"
#include "operations/leftovers.h"
#include "page_test_support.h"

namespace blobgate::operations {
namespace {

using PageBlobTest = PageTest;

TEST_F(PageBlobTest, BeginsWithoutPages) {
  const auto reply = Create("b", 1024, "\nx-ms-blob-sequence-number: 7");
  EXPECT_EQ(reply.status, 201u);
  EXPECT_FALSE(reply.Has("Content-MD5"));
  EXPECT_FALSE(reply.Has("x-ms-content-crc64"));
  const auto head = h.Send("HEAD /c/b");
  EXPECT_EQ(head.Header("x-ms-blob-type"), "PageBlob");
  EXPECT_EQ(head.Header("x-ms-blob-sequence-number"), "7");
  EXPECT_EQ(head.content_length, 1024u);
  EXPECT_EQ(Body("b"), std::string(1024, '\0'));
  EXPECT_EQ(Ranges("b"), "");
  EXPECT_EQ(Create("empty", 0).status, 201u);
  EXPECT_EQ(Read("empty").status, 200u);
  EXPECT_EQ(StoredBytes(), 0u);
  EXPECT_NE(h.Send("GET /c?restype=container&comp=list")
                .body.find("<x-ms-blob-sequence-number>7</x-ms-blob-sequence-number>"
                           "<BlobType>PageBlob</BlobType>"),
            std::string::npos);
}

TEST_F(PageBlobTest, SizesAndNumbers) {
  const auto code = [&](std::string_view headers, std::string body = {}) {
    return h
        .Send("PUT /c/b\nx-ms-blob-type: PageBlob\nContent-Length: " + std::to_string(body.size()) +
                  std::string(headers),
              body)
        .code;
  };
  EXPECT_EQ(code(""), "MissingRequiredHeader");
  EXPECT_EQ(code("\nx-ms-blob-content-length: 511"), "InvalidHeaderValue");
  EXPECT_EQ(code("\nx-ms-blob-content-length: 8796093022720"), "InvalidHeaderValue");
  EXPECT_EQ(code("\nx-ms-blob-content-length: 18446744073709551616"), "InvalidHeaderValue");
  EXPECT_EQ(code("\nx-ms-blob-content-length: -512"), "InvalidHeaderValue");
  EXPECT_EQ(code("\nx-ms-blob-content-length: 512", "x"), "InvalidHeaderValue");
  const std::string sized = "\nx-ms-blob-content-length: 512";
  EXPECT_EQ(code(sized + "\nx-ms-blob-sequence-number: 9223372036854775808"), "InvalidHeaderValue");
  EXPECT_EQ(code(sized + "\nx-ms-blob-sequence-number: 9223372036854775807"), "");
  EXPECT_EQ(code("\nx-ms-blob-content-length: 8796093022208"), "");
}

TEST_F(PageBlobTest, Tiers) {
  EXPECT_EQ(Create("b", 512, "\nx-ms-access-tier: P10").status, 201u);
  EXPECT_EQ(h.Send("HEAD /c/b").Header("x-ms-access-tier"), "P10");
  EXPECT_EQ(Create("no", 512, "\nx-ms-access-tier: Hot").code, "InvalidBlobTier");
  EXPECT_EQ(Create("no", 33ull << 30, "\nx-ms-access-tier: P4").code,
            "BlobTierInadequateForContentLength");
  const auto tier = [&](std::string_view name) {
    return h.Send("PUT /c/b?comp=tier\nx-ms-access-tier: " + std::string(name));
  };
  EXPECT_EQ(tier("P20").status, 200u);
  EXPECT_EQ(tier("P10").code, "CannotChangeToLowerTier");
  EXPECT_EQ(tier("Cool").code, "InvalidBlobTier");
  EXPECT_EQ(Resize("b", 513ull << 30).code, "BlobTierInadequateForContentLength");
  PutSource("block", "x");
  EXPECT_EQ(h.Send("PUT /c/block?comp=tier\nx-ms-access-tier: P10").code, "InvalidBlobTier");
  EXPECT_EQ(h.Send("PUT /c/block\nx-ms-blob-type: BlockBlob\nx-ms-access-tier: P10", "x").code,
            "InvalidBlobTier");
}

TEST_F(PageBlobTest, WritesAndZerosBetween) {
  Create("p", 4096);
  const auto reply = Write("p", 512, Pages(2, 'a'));
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("x-ms-blob-sequence-number"), "0");
  EXPECT_EQ(reply.Header("x-ms-content-crc64"), Crc64Text(Pages(2, 'a')));
  EXPECT_EQ(reply.Header("x-ms-request-server-encrypted"), "true");
  Write("p", 3072, Pages(1, 'b'));
  const std::string zero(512, '\0');
  EXPECT_EQ(Body("p"), zero + Pages(2, 'a') + zero + zero + zero + Pages(1, 'b') + zero);
  EXPECT_EQ(Ranges("p"), "512-1535 3072-3583 ");
  const auto part = h.Send("GET /c/p\nx-ms-range: bytes=1500-3100");
  EXPECT_EQ(part.status, 206u);
  EXPECT_EQ(part.body, Body("p").substr(1500, 1601));
}

TEST_F(PageBlobTest, OverwritingReleasesWhatIsCovered) {
  Create("p", 4096);
  Write("p", 0, Pages(8, 'a'));
  Write("p", 0, Pages(8, 'b'));
  EXPECT_EQ(LiveBytes(), 4096u);
  Write("p", 512, Pages(1, 'c'));
  EXPECT_EQ(LiveBytes(), 4608u);
  EXPECT_EQ(Clear("p", 0, 4096).status, 201u);
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_EQ(Ranges("p"), "");
  EXPECT_EQ(Body("p"), std::string(4096, '\0'));
}

TEST_F(PageBlobTest, AcrossChunks) {
  Create("p", 3 * blob::kPageChunk);
  const std::uint64_t at = blob::kPageChunk - 1024;
  EXPECT_EQ(Write("p", at, Pages(5, 'x')).status, 201u);
  EXPECT_EQ(LiveBytes(), 5 * 512u) << "one extent, two rows";
  EXPECT_EQ(Ranges("p"), std::to_string(at) + "-" + std::to_string(at + 2559) + " ");
  EXPECT_EQ(h.Send("GET /c/p\nx-ms-range: bytes=" + std::to_string(at - 1) + "-" +
                   std::to_string(at + 2560))
                .body,
            std::string(1, '\0') + Pages(5, 'x') + std::string(1, '\0'));
  EXPECT_EQ(Clear("p", at + 512, 1024).status, 201u);
  EXPECT_EQ(LiveBytes(), 5 * 512u);
  EXPECT_EQ(Clear("p", 0, 3 * blob::kPageChunk).status, 201u);
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, ManySmallWritesStayBounded) {
  Create("p", blob::kPageChunk);
  std::string model(1024 * 512, '\0');
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t page = static_cast<std::uint64_t>(i) * 37 % 1024;
    const char c = static_cast<char>('a' + i % 26);
    ASSERT_EQ(Write("p", page * 512, Pages(1, c)).status, 201u);
    std::fill_n(model.begin() + static_cast<std::ptrdiff_t>(page * 512), 512, c);
  }
  EXPECT_EQ(h.Send("GET /c/p\nx-ms-range: bytes=0-524287").body, model);
  EXPECT_LE(LiveBytes(), 3 * 500 * 512u);
  Clear("p", 0, blob::kPageChunk);
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, RangesOfAWrite) {
  Create("p", 8192);
  const auto write = [&](std::string_view range, std::size_t bytes) {
    return h.Send("PUT /c/p?comp=page\nx-ms-page-write: update\nx-ms-range: " + std::string(range),
                  std::string(bytes, 'x'));
  };
  EXPECT_EQ(write("bytes=0-511", 512).status, 201u);
  EXPECT_EQ(write("bytes=0-510", 511).code, "InvalidHeaderValue");
  EXPECT_EQ(write("bytes=1-512", 512).code, "InvalidHeaderValue");
  EXPECT_EQ(write("bytes=0-", 512).code, "InvalidHeaderValue");
  EXPECT_EQ(write("bytes=511-0", 512).code, "InvalidHeaderValue");
  EXPECT_EQ(write("0-511", 512).code, "InvalidHeaderValue");
  EXPECT_EQ(write("bytes=0-1023", 512).code, "InvalidHeaderValue") << "another length";
  EXPECT_EQ(write("bytes=7680-8191", 512).status, 201u);
  EXPECT_EQ(write("bytes=8192-8703", 512).code, "InvalidPageRange");
  EXPECT_EQ(write("bytes=7680-8703", 1024).status, 416u);
  EXPECT_EQ(write("bytes=18446744073709551104-18446744073709551615", 512).code, "InvalidPageRange");
  EXPECT_EQ(write("bytes=0-18446744073709551615", 512).code, "InvalidPageRange");
  EXPECT_EQ(write("bytes=0-18446744073709551616", 512).code, "InvalidHeaderValue");
  EXPECT_EQ(h.Send("PUT /c/p?comp=page\nx-ms-page-write: update", "x").code, "InvalidHeaderValue");
  EXPECT_EQ(h.Send("PUT /c/p?comp=page\nx-ms-range: bytes=0-511", "x").code,
            "MissingRequiredHeader");
  EXPECT_EQ(h.Send("PUT /c/p?comp=page\nx-ms-page-write: erase\nx-ms-range: bytes=0-511").code,
            "InvalidHeaderValue");
  // Range counts where x-ms-range is absent, and loses against it.
  const std::string head = "PUT /c/p?comp=page\nx-ms-page-write: update\nRange: bytes=512-1023";
  EXPECT_EQ(h.Send(head, Pages(1, 'r')).status, 201u);
  EXPECT_EQ(h.Send(head + "\nx-ms-range: bytes=1024-1535", Pages(1, 's')).status, 201u);
  EXPECT_EQ(Ranges("p"), "0-1535 7680-8191 ");
}

TEST_F(PageBlobTest, LengthsOfAWrite) {
  Create("p", 64 << 20);
  const std::string url = "PUT /c/p?comp=page\nx-ms-page-write: update\nx-ms-range: bytes=0-";
  EXPECT_EQ(h.Send(url + "4194815\nContent-Length: 4194816", "x").code, "RequestBodyTooLarge");
  EXPECT_EQ(h.Send(url + "511").code, "MissingContentLengthHeader");
  EXPECT_EQ(h.Send(url + "511\nContent-Length: 512", "short").code, "InvalidInput");
  const std::string clear = "PUT /c/p?comp=page\nx-ms-page-write: clear\nx-ms-range: bytes=0-511";
  EXPECT_EQ(h.Send(clear, "body").code, "InvalidHeaderValue");
  EXPECT_EQ(h.Send(clear).code, "MissingContentLengthHeader");
  const auto cleared = Clear("p", 0, 64 << 20);
  EXPECT_EQ(cleared.status, 201u);
  EXPECT_FALSE(cleared.Has("x-ms-content-crc64"));
  EXPECT_FALSE(cleared.Has("x-ms-request-server-encrypted"));
  EXPECT_EQ(Clear("p", 0, (64 << 20) + 512).code, "InvalidPageRange");
  EXPECT_EQ(StoredBytes(), 0u);
}

TEST_F(PageBlobTest, HashesAreChecked) {
  Create("p", 512);
  const std::string page = Pages(1, 'h');
  EXPECT_EQ(Write("p", 0, page, "\nContent-MD5: " + Md5Text(page)).Header("Content-MD5"),
            Md5Text(page));
  EXPECT_EQ(Write("p", 0, page, "\nContent-MD5: " + Md5Text("x")).code, "Md5Mismatch");
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-content-crc64: " + Crc64Text("x")).code, "Crc64Mismatch");
  EXPECT_EQ(Write("p", 0, page,
                  "\nx-ms-content-crc64: " + Crc64Text(page) + "\nContent-MD5: " + Md5Text(page))
                .code,
            "BothCrc64AndMd5HeaderPresent");
  EXPECT_EQ(StoredBytes(), 512u);
}

TEST_F(PageBlobTest, SequenceNumbers) {
  Create("p", 512, "\nx-ms-blob-sequence-number: 5");
  const auto set = [&](std::string_view headers) {
    return h.Send("PUT /c/p?comp=properties" + std::string(headers));
  };
  const auto action = [&](std::string_view name, std::string_view number = {}) {
    std::string headers = "\nx-ms-sequence-number-action: " + std::string(name);
    if (!number.empty()) headers += "\nx-ms-blob-sequence-number: " + std::string(number);
    return set(headers);
  };
  EXPECT_EQ(action("max", "3").Header("x-ms-blob-sequence-number"), "5");
  EXPECT_EQ(action("max", "8").Header("x-ms-blob-sequence-number"), "8");
  EXPECT_EQ(action("update", "2").Header("x-ms-blob-sequence-number"), "2");
  EXPECT_EQ(action("increment").Header("x-ms-blob-sequence-number"), "3");
  EXPECT_EQ(action("increment", "3").code, "InvalidHeaderValue");
  EXPECT_EQ(action("update").code, "MissingRequiredHeader");
  EXPECT_EQ(action("halve", "3").code, "InvalidHeaderValue");
  EXPECT_EQ(set("\nx-ms-blob-sequence-number: 3").code, "MissingRequiredHeader");
  action("update", "9223372036854775807");
  EXPECT_EQ(action("increment").code, "SequenceNumberIncrementTooLarge");
  action("update", "10");
  const std::string page = Pages(1, 'x');
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-if-sequence-number-le: 9").code,
            "SequenceNumberConditionNotMet");
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-if-sequence-number-le: 10").status, 201u);
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-if-sequence-number-lt: 10").status, 412u);
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-if-sequence-number-lt: 11").status, 201u);
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-if-sequence-number-eq: 11").status, 412u);
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-if-sequence-number-eq: 10").status, 201u);
  EXPECT_EQ(Write("p", 0, page, "\nx-ms-if-sequence-number-eq: ten").code, "InvalidHeaderValue");
  EXPECT_EQ(Clear("p", 0, 512, "\nx-ms-if-sequence-number-eq: 11").code,
            "SequenceNumberConditionNotMet");
}

TEST_F(PageBlobTest, Resize) {
  Create("p", 4096);
  h.Send("PUT /c/p?comp=properties\nx-ms-blob-content-type: a/b");
  Write("p", 0, Pages(8, 'r'));
  const auto smaller = Resize("p", 1024);
  EXPECT_EQ(smaller.status, 200u);
  EXPECT_EQ(smaller.Header("x-ms-blob-sequence-number"), "0");
  EXPECT_EQ(h.Send("HEAD /c/p").Header("Content-Type"), "a/b") << "the other properties stay";
  EXPECT_EQ(Body("p"), Pages(2, 'r'));
  Resize("p", 2048);
  EXPECT_EQ(Body("p"), Pages(2, 'r') + std::string(1024, '\0')) << "what was cut stays away";
  EXPECT_EQ(Ranges("p"), "0-1023 ");
  EXPECT_EQ(Resize("p", 0).status, 200u);
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_EQ(Body("p"), "");
  EXPECT_EQ(Write("p", 0, Pages(1, 'x')).code, "InvalidPageRange");
  EXPECT_EQ(Resize("p", 100).code, "InvalidHeaderValue");
  EXPECT_EQ(Resize("p", (8ull << 40) + 512).code, "InvalidHeaderValue");
  PutSource("block", "x");
  EXPECT_EQ(Resize("block", 512).code, "InvalidBlobType");
  EXPECT_EQ(Resize("missing", 512).code, "BlobNotFound");
}

TEST_F(PageBlobTest, TheLargestBlobCostsWhatIsWritten) {
  const std::uint64_t size = blob::kMaxPageBlob;
  EXPECT_EQ(Create("big", size).status, 201u);
  EXPECT_EQ(Write("big", size - 512, Pages(1, 'z')).status, 201u);
  EXPECT_EQ(Write("big", size / 2, Pages(1, 'm')).status, 201u);
  EXPECT_EQ(LiveBytes(), 1024u);
  EXPECT_EQ(Ranges("big"), std::to_string(size / 2) + "-" + std::to_string(size / 2 + 511) + " " +
                               std::to_string(size - 512) + "-" + std::to_string(size - 1) + " ");
  const auto tail = h.Send("GET /c/big\nx-ms-range: bytes=" + std::to_string(size - 1024) + "-");
  EXPECT_EQ(tail.body, std::string(512, '\0') + Pages(1, 'z'));
  EXPECT_EQ(h.Send("PUT /c/copy\nx-ms-copy-source: http://local/c/big").status, 202u);
  EXPECT_EQ(Ranges("copy"), Ranges("big"));
  EXPECT_EQ(LiveBytes(), 1024u);
  EXPECT_EQ(Clear("big", 0, size).status, 201u);
  EXPECT_EQ(Ranges("big"), "");
  h.Send("DELETE /c/copy");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, CuttingALotIsOneLayer) {
  Create("p", 1ull << 40);
  const std::uint64_t chunk = blob::kPageChunk;
  for (std::uint64_t i = 0; i < 100; ++i) Write("p", i * chunk + 512 * i, Pages(1, 'l'));
  EXPECT_EQ(LiveBytes(), 100 * 512u);
  const auto before = Record("p").layer;
  EXPECT_EQ(Clear("p", 10 * chunk + 512, 80 * chunk).status, 201u);
  EXPECT_GT(Record("p").layer, before);
  const auto ranges = [&] {
    const std::string text = Ranges("p");
    return std::count(text.begin(), text.end(), ' ');
  };
  const auto left = ranges();
  EXPECT_EQ(Body("p", 10 * chunk + 10 * 512, 512), std::string(512, '\0'));
  EXPECT_EQ(Body("p", 9 * chunk + 9 * 512, 512), Pages(1, 'l'));
  EXPECT_EQ(left, 20);
  h.RunBackground();  // the layers become one, and what is hidden goes
  EXPECT_EQ(ranges(), left);
  EXPECT_EQ(LiveBytes(), 20 * 512u);
  EXPECT_EQ(Resize("p", 5 * chunk).status, 200u);
  h.RunBackground();
  EXPECT_EQ(ranges(), 5);
  EXPECT_EQ(LiveBytes(), 5 * 512u);
  Resize("p", 1ull << 40);
  EXPECT_EQ(ranges(), 5);
  h.Send("DELETE /c/p");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, RangesInPages) {
  Create("p", 1 << 20);
  for (std::uint64_t i = 0; i < 20; ++i) Write("p", i * 2048, Pages(1, 'p'));
  std::string all;
  std::string marker;
  int answers = 0;
  for (;; ++answers) {
    const auto reply =
        h.Send("GET /c/p?comp=pagelist&maxresults=3" + (marker.empty() ? "" : "&marker=" + marker));
    ASSERT_EQ(reply.status, 200u);
    all += Flat(reply.body);
    const auto at = reply.body.find("<NextMarker>");
    if (at == std::string::npos) break;
    marker = reply.body.substr(at + 12, reply.body.find('<', at + 12) - at - 12);
  }
  EXPECT_EQ(answers, 6);
  EXPECT_EQ(all, Ranges("p"));
  EXPECT_EQ(h.Send("GET /c/p?comp=pagelist&maxresults=0").code, "OutOfRangeQueryParameterValue");
  EXPECT_EQ(h.Send("GET /c/p?comp=pagelist&marker=x").code, "InvalidQueryParameterValue");
  EXPECT_EQ(h.Send("GET /c/p?comp=pagelist&marker=18446744073709551616").code,
            "InvalidQueryParameterValue");
  EXPECT_EQ(Flat(h.Send("GET /c/p?comp=pagelist&marker=18446744073709551104").body), "");
  h.version = "2019-12-12";
  EXPECT_EQ(Flat(h.Send("GET /c/p?comp=pagelist&maxresults=3").body), Ranges("p"));
}

TEST_F(PageBlobTest, RangesOfAPart) {
  Create("p", 8192);
  Write("p", 0, Pages(4, 'a'));
  Write("p", 4096, Pages(2, 'b'));
  const auto of = [&](std::string_view range) {
    return h.Send("GET /c/p?comp=pagelist\nx-ms-range: " + std::string(range));
  };
  EXPECT_EQ(Flat(of("bytes=512-4607").body), "512-2047 4096-4607 ");
  EXPECT_EQ(Flat(of("bytes=700-800").body), "512-1023 ") << "the pages that it touches";
  EXPECT_EQ(of("bytes=8192-").code, "InvalidRange");
  EXPECT_EQ(of("bytes=8192-").Header("Content-Range"), "bytes */8192");
  EXPECT_EQ(of("pages=1").code, "InvalidHeaderValue");
  EXPECT_EQ(Flat(of("bytes=4000-18446744073709551615").body), "4096-5119 ");
  const auto reply = h.Send("GET /c/p?comp=pagelist");
  EXPECT_EQ(reply.Header("x-ms-blob-content-length"), "8192");
  EXPECT_EQ(reply.Header("ETag"), h.Send("HEAD /c/p").Header("ETag"));
  EXPECT_EQ(h.Send("GET /c/p?comp=pagelist\nIf-Match: \"0x1\"").code, "ConditionNotMet");
  EXPECT_EQ(h.Send("GET /c/none?comp=pagelist").code, "BlobNotFound");
}

TEST_F(PageBlobTest, OtherTypes) {
  PutSource("block", "x");
  EXPECT_EQ(Write("block", 0, Pages(1, 'x')).code, "InvalidBlobType");
  EXPECT_EQ(Write("none", 0, Pages(1, 'x')).code, "BlobNotFound");
  EXPECT_EQ(h.Send("GET /c/block?comp=pagelist").code, "InvalidBlobType");
  Create("p", 512);
  EXPECT_EQ(h.Send("PUT /c/p?comp=block&blockid=QUE%3D", "x").code, "InvalidBlobType");
  EXPECT_EQ(h.Send("PUT /c/p?comp=blocklist", "<BlockList></BlockList>").code, "InvalidBlobType");
  EXPECT_EQ(h.Send("PUT /c/p?comp=appendblock", "x").code, "InvalidBlobType");
  Write("p", 0, Pages(1, 'x'));
  const std::string put = "PUT /c/p\nx-ms-blob-type: ";
  EXPECT_EQ(h.Send(put + "BlockBlob", "block").code, "InvalidBlobType");
  EXPECT_EQ(h.Send(put + "AppendBlob\nContent-Length: 0").code, "InvalidBlobType");
  EXPECT_EQ(h.Send(put + "BlockBlob\nIf-None-Match: *", "x").code, "BlobAlreadyExists");
  EXPECT_EQ(Body("p"), Pages(1, 'x'));
  Create("p", 512);
  EXPECT_EQ(Body("p"), std::string(512, '\0'));
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 1u);
}

TEST_F(PageBlobTest, LeasesAndConditions) {
  Create("p", 512);
  const auto lease =
      h.Send("PUT /c/p?comp=lease\nx-ms-lease-action: acquire\nx-ms-lease-duration: -1");
  const std::string id = "\nx-ms-lease-id: " + lease.Header("x-ms-lease-id");
  EXPECT_EQ(Write("p", 0, Pages(1, 'x')).code, "LeaseIdMissing");
  EXPECT_EQ(Write("p", 0, Pages(1, 'x'), id).status, 201u);
  EXPECT_EQ(Clear("p", 0, 512, id + "\nIf-Match: \"0x1\"").code, "ConditionNotMet");
  EXPECT_EQ(Resize("p", 1024).code, "LeaseIdMissing");
}

TEST_F(PageBlobTest, FromAnOwnSource) {
  PutSource("s", Pages(4, 's') + Pages(4, 't'));
  const std::uint64_t stored = StoredBytes();
  Create("p", 8192);
  const auto from = [&](std::string_view source, std::string_view range, std::uint64_t offset,
                        std::uint64_t length, std::string_view headers = {}) {
    return h.Send(
        "PUT /c/p?comp=page\nx-ms-page-write: update\nContent-Length: 0"
        "\nx-ms-copy-source: " +
        std::string(source) + "\nx-ms-source-range: bytes=" + std::string(range) +
        "\nx-ms-range: bytes=" + std::to_string(offset) + "-" +
        std::to_string(offset + length - 1) + std::string(headers));
  };
  const auto reply = from("http://local/c/s", "1024-3071", 512, 2048);
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("x-ms-content-crc64"), Crc64Text(Pages(2, 's') + Pages(2, 't')));
  EXPECT_EQ(StoredBytes(), stored);
  EXPECT_EQ(Body("p", 512, 2048), Pages(2, 's') + Pages(2, 't'));
  EXPECT_EQ(from("http://local/c/p", "512-1535", 4096, 1024).status, 201u) << "from itself";
  EXPECT_EQ(from("http://local/c/p", "2048-3071", 6144, 1024).status, 201u)
      << "pages that were never written are zeros";
  EXPECT_EQ(Body("p", 6144, 1024), Pages(1, 't') + std::string(512, '\0'));
  EXPECT_EQ(from("http://local/c/s", "1-512", 0, 512).status, 201u) << "cut anywhere";
  EXPECT_EQ(Body("p", 0, 512), Pages(1, 's'));
  EXPECT_EQ(from("http://local/c/s", "0-511", 0, 1024).code, "InvalidHeaderValue");
  EXPECT_EQ(from("http://local/c/s", "3584-4607", 0, 1024).code, "CannotVerifyCopySource");
  EXPECT_EQ(from("http://local/c/s", "0-511", 8192, 512).code, "InvalidPageRange");
  EXPECT_EQ(from("http://local/c/s", "0-4194815", 0, 4194816).code, "RequestBodyTooLarge");
  EXPECT_EQ(from("http://local/c/none", "0-511", 0, 512).status, 404u);
  EXPECT_EQ(from("http://local/c/s", "0-511", 0, 512, "\nx-ms-source-if-match: \"0x1\"").status,
            412u);
  EXPECT_EQ(from("http://local/c/s", "0-511", 0, 512, "\nx-ms-if-sequence-number-lt: 0").code,
            "SequenceNumberConditionNotMet");
  EXPECT_EQ(
      from("http://local/c/s", "0-511", 0, 512, "\nx-ms-source-content-md5: " + Md5Text("other"))
          .code,
      "Md5Mismatch");
  EXPECT_EQ(h.Send("PUT /c/p?comp=page\nx-ms-page-write: update\nContent-Length: 0"
                   "\nx-ms-copy-source: http://local/c/s\nx-ms-range: bytes=0-511")
                .code,
            "MissingRequiredHeader");
  EXPECT_EQ(h.Send("PUT /c/p?comp=page\nx-ms-page-write: clear\nContent-Length: 0"
                   "\nx-ms-copy-source: http://local/c/s\nx-ms-range: bytes=0-511"
                   "\nx-ms-source-range: bytes=0-511")
                .code,
            "InvalidHeaderValue");
  Outside("https://far/x", Pages(3, 'f'));
  EXPECT_EQ(from("https://far/x", "0-1023", 0, 1024).status, 201u);
  EXPECT_EQ(Body("p", 0, 1024), Pages(2, 'f'));
  EXPECT_EQ(from("https://far/x", "1024-2047", 0, 1024).code, "CannotVerifyCopySource");
  h.Send("DELETE /c/s");
  h.Send("DELETE /c/p");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, CopyKeepsHolesAndSequenceNumber) {
  Create("p", 2 * blob::kPageChunk, "\nx-ms-blob-sequence-number: 4");
  Write("p", blob::kPageChunk - 512, Pages(2, 'c'));
  const std::uint64_t stored = StoredBytes();
  EXPECT_EQ(h.Send("PUT /c/copy\nx-ms-copy-source: http://local/c/p").status, 202u);
  EXPECT_EQ(Ranges("copy"), Ranges("p"));
  EXPECT_EQ(StoredBytes(), stored);
  EXPECT_EQ(h.Send("HEAD /c/copy").Header("x-ms-blob-sequence-number"), "4");
  EXPECT_EQ(Write("copy", 0, Pages(1, 'x')).status, 201u);
  EXPECT_EQ(h.Send("HEAD /c/copy").Header("x-ms-copy-status"), "success")
      << "Put Page keeps the copy state";
  EXPECT_EQ(Body("p", 0, 512), std::string(512, '\0'));
  // Synchronous copies make block blobs, with zeros for what was never written.
  h.Send("PUT /c/sync\nx-ms-copy-source: http://local/c/p\nx-ms-requires-sync: true");
  EXPECT_EQ(h.Send("HEAD /c/sync").Header("x-ms-blob-type"), "BlockBlob");
  EXPECT_EQ(Body("sync"), Body("p"));
  for (const char* name : {"p", "copy", "sync"}) h.Send("DELETE /c/" + std::string(name));
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, CopyFromOutsideLeavesZerosOut) {
  std::string content = Pages(16, 'o') + std::string(64 * 512, '\0') + Pages(8, 'p');
  Outside("https://far/x", content,
          {{"x-ms-blob-type", "PageBlob"}, {"x-ms-blob-sequence-number", "12"}});
  EXPECT_EQ(h.Send("PUT /c/copy\nx-ms-copy-source: https://far/x").status, 202u);
  const auto pending = h.Send("HEAD /c/copy");
  EXPECT_EQ(pending.Header("x-ms-blob-type"), "PageBlob");
  EXPECT_EQ(pending.content_length, content.size()) << "full length, and zeros";
  EXPECT_EQ(Body("copy"), std::string(content.size(), '\0'));
  h.RunBackground();
  EXPECT_EQ(h.Send("HEAD /c/copy").Header("x-ms-copy-status"), "success");
  EXPECT_EQ(h.Send("HEAD /c/copy").Header("x-ms-blob-sequence-number"), "12");
  EXPECT_EQ(Body("copy"), content);
  EXPECT_EQ(Ranges("copy"), "0-8191 40960-45055 ");
  EXPECT_EQ(LiveBytes(), 24 * 512u);
  Outside("https://far/broken", content, {{"x-ms-blob-type", "PageBlob"}}, 10'000);
  h.Send("PUT /c/broken\nx-ms-copy-source: https://far/broken");
  h.RunBackground();
  EXPECT_EQ(h.Send("HEAD /c/broken").Header("x-ms-copy-status"), "failed");
  EXPECT_EQ(Body("broken"), "");
  h.Send("DELETE /c/copy");
  h.RunBackground();
  EXPECT_EQ(StoredBytes(), 0u);
}

TEST_F(PageBlobTest, AWriteWhileALongBodyIsSentEndsIt) {
  // More rows than one window, so that the map is read while the body is sent.
  Create("p", 8000 * blob::kPageChunk);
  for (std::uint64_t i = 0; i < 3000; ++i) {
    ASSERT_EQ(Write("p", i * blob::kPageChunk, Pages(1, 'l')).status, 201u);
  }
  const std::uint64_t end = 3000 * blob::kPageChunk - 1;
  const std::string get = "GET /c/p\nx-ms-range: bytes=0-" + std::to_string(end);
  EXPECT_FALSE(Probe(get, [] {}));
  EXPECT_FALSE(Probe(get, [&] { h.Send("PUT /c/p?comp=metadata\nx-ms-meta-k: v"); }));
  EXPECT_EQ(Probe(get, [&] { Write("p", 0, Pages(1, 'n')); }), Errc::kConflict);
  EXPECT_EQ(Probe(get, [&] { h.Send("DELETE /c/p"); }), Errc::kConflict);
}

TEST_F(PageBlobTest, DeletedContainersLeaveNothing) {
  Create("p", 8192);
  Write("p", 0, Pages(2, 'x'));
  h.Send("DELETE /c?restype=container");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, LeftoversOfACrashAreTakenUp) {
  Create("p", 8192);
  Write("p", 0, Pages(2, 'x'));
  h.Send("DELETE /c/p");
  h.background.entries.clear();
  ASSERT_TRUE(h.Await(ResumeLeftovers(h.services, {"acct"})));
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageBlobTest, FailedCommitsKeepNothing) {
  Create("p", 8192);
  h.faults->FailNextCommit(Errc::kNoSpace);
  EXPECT_EQ(Write("p", 0, Pages(1, 'x')).status, 507u);
  EXPECT_EQ(StoredBytes(), 0u);
  h.faults->FailNextCommit(Errc::kConflict);
  EXPECT_EQ(Write("p", 0, Pages(1, 'x')).status, 201u);
}

}  // namespace
}  // namespace blobgate::operations
