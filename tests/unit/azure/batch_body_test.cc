#include "azure/batch_body.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace blobgate::azure {
namespace {

std::string Part(const std::string& request, const std::string& id = "0") {
  return "--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n" +
         (id.empty() ? "" : "Content-ID: " + id + "\r\n") + "\r\n" + request + "\r\n";
}
const std::string kDelete =
    "DELETE /c/a%2Fb?x=1 HTTP/1.1\r\nx-ms-date: d\r\nContent-Length: 0\r\n\r\n";

TEST(BatchBody, PartsAreRequests) {
  const std::string body =
      Part(kDelete, "7") + Part("PUT /c/d?comp=tier HTTP/1.1\r\n\r\n", "") + "--b--\r\n";
  const auto parts = ParseBatch(body, "b");
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].content_id, "7");
  EXPECT_EQ((*parts)[0].head.method, "DELETE");
  EXPECT_EQ((*parts)[0].head.path, "/c/a%2Fb");
  EXPECT_EQ((*parts)[0].head.query.Get("x"), "1");
  EXPECT_EQ((*parts)[0].head.headers.Get("X-MS-Date"), "d");
  EXPECT_EQ((*parts)[1].content_id, "");
}

TEST(BatchBody, LineFeedsAloneWillDo) {
  const auto parts =
      ParseBatch("--b\nContent-Type: application/http\n\nDELETE /c/a HTTP/1.1\n\n--b--", "b");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->size(), 1u);
}

TEST(BatchBody, WhatIsNoBatchIsRefused) {
  std::string many;
  for (int i = 0; i < 257; ++i) many += Part(kDelete);
  for (const std::string& body :
       {std::string(), std::string("--b--\r\n"), std::string("text"), Part(kDelete),
        Part("nonsense") + "--b--", Part("DELETE http HTTP/1.1\r\n\r\n") + "--b--",
        Part("DELETE /c/a HTTP/2\r\n\r\n") + "--b--",
        Part("DELETE /c/a HTTP/1.1\r\nbad header\r\n\r\n") + "--b--",
        Part("DELETE /c/a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc") + "--b--",
        Part("DELETE /c/a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n") + "--b--",
        Part("DELETE /c/%zz?a=%zz HTTP/1.1\r\n\r\n") + "--b--",
        std::string("--b\r\nContent-Type: text/plain\r\n\r\n") + kDelete + "\r\n--b--",
        std::string("--bx\r\n") + kDelete + "--bx--", many + "--b--"}) {
    const auto parts = ParseBatch(body, "b");
    ASSERT_FALSE(parts) << body.substr(0, 200);
    EXPECT_EQ(parts.error().code, ErrorCode::kInvalidInput);
  }
}

TEST(BatchBody, Boundaries) {
  EXPECT_EQ(*BatchBoundary("multipart/mixed; boundary=batch_1"), "batch_1");
  EXPECT_EQ(*BatchBoundary("Multipart/Mixed;boundary=\"ab\""), "ab");
  EXPECT_EQ(BatchBoundary("").error().code, ErrorCode::kMissingRequiredHeader);
  for (const std::string& type :
       {std::string("multipart/mixed"), std::string("text/plain; boundary=b"),
        std::string("multipart/mixed; boundary="), std::string("multipart/mixed; boundary=\"a b\""),
        "multipart/mixed; boundary=" + std::string(71, 'b')}) {
    EXPECT_FALSE(BatchBoundary(type)) << type;
  }
}

TEST(BatchBody, AnswersEndAsAzuresDo) {
  http::Response good;
  good.status = 202;
  http::Response bad;
  bad.status = 404;
  bad.reason = "Not there";
  bad.text = "<Error/>";
  std::string text;
  AppendBatchAnswer("b", "0", good, text);
  AppendBatchAnswer("b", "1", bad, text);
  EndBatchAnswer("b", text);
  EXPECT_EQ(text,
            "--b\r\nContent-Type: application/http\r\nContent-ID: 0\r\n\r\n"
            "HTTP/1.1 202 Accepted\r\n\r\n"
            "--b\r\nContent-Type: application/http\r\nContent-ID: 1\r\n\r\n"
            "HTTP/1.1 404 Not there\r\nContent-Length: 8\r\n\r\n<Error/>\r\n"
            "--b--\r\n");
}

TEST(BatchBody, RandomPiecesNeverDoHarm) {
  std::mt19937 random(std::random_device{}());
  const std::string pieces[] = {"--b",
                                "--b--",
                                "\r\n",
                                "\n",
                                "Content-Type: application/http",
                                "Content-ID: 1",
                                kDelete,
                                "DELETE ",
                                "/c/a",
                                " HTTP/1.1",
                                ":",
                                " "};
  for (int round = 0; round < 20'000; ++round) {
    std::string body;
    for (auto i = random() % 12; i > 0; --i) body += pieces[random() % std::size(pieces)];
    (void)ParseBatch(body, "b");
  }
}

}  // namespace
}  // namespace blobgate::azure
