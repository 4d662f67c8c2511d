#include "bench/head_template.h"

#include <gtest/gtest.h>

#include <string>

#include "base/digest.h"
#include "base/encoding.h"

namespace blobgate::bench {
namespace {

Plan PlanOf(std::string key) {
  Plan plan;
  plan.target.authority = "127.0.0.1:10000";
  plan.target.path = "/acct1/load";
  plan.target.api_version = "2021-12-02";
  plan.target.account = "acct1";
  plan.target.key = std::move(key);
  plan.prefix = "b";
  return plan;
}

std::string Render(const Plan& plan, Operation operation, const HeadValues& values) {
  Signer signer("key");
  std::string out;
  HeadTemplate::Make(plan, operation, plan.prefix).Render(values, &signer, out);
  return out;
}

TEST(HeadTemplate, PutsTheSasBehindTheQuery) {
  Plan plan = PlanOf("");
  plan.target.sas = "sv=1&sig=x%3D";
  EXPECT_EQ(Render(plan, Operation::kGet, {.number = 17}),
            "GET /acct1/load/b000000017?sv=1&sig=x%3D HTTP/1.1\r\nHost: 127.0.0.1:10000\r\n"
            "x-ms-version: 2021-12-02\r\n\r\n");
  EXPECT_EQ(Render(plan, Operation::kBlock, {.number = 1, .length = 7, .block = 2}),
            "PUT /acct1/load/b000000001?blockid=MDAwMDAwMDAy&comp=block&sv=1&sig=x%3D HTTP/1.1\r\n"
            "Host: 127.0.0.1:10000\r\nx-ms-version: 2021-12-02\r\nContent-Length: 7\r\n\r\n");
}

TEST(HeadTemplate, SaysNothingOfAzureToPlainServers) {
  Plan plan = PlanOf("");
  plan.target.azure = false;
  plan.target.path = "/files";
  EXPECT_EQ(Render(plan, Operation::kRange, {.number = 3, .first = 5, .last = 9}),
            "GET /files/b000000003 HTTP/1.1\r\nHost: 127.0.0.1:10000\r\nRange: bytes=5-9\r\n\r\n");
  EXPECT_EQ(
      Render(plan, Operation::kPut, {.number = 3, .length = 10}),
      "PUT /files/b000000003 HTTP/1.1\r\nHost: 127.0.0.1:10000\r\nContent-Length: 10\r\n\r\n");
}

/// The head with the signature of `to_sign` in its place.
std::string Signed(std::string head, std::string_view to_sign) {
  const auto mac = HmacSha256(AsBytes("key"), AsBytes(to_sign));
  return head.replace(head.find("SIG"), 3, Base64Encode(mac));
}

TEST(HeadTemplate, SignsPutBlob) {
  EXPECT_EQ(Render(PlanOf("key"), Operation::kPut, {.number = 1, .length = 4096, .date = "now"}),
            Signed("PUT /acct1/load/b000000001 HTTP/1.1\r\nHost: 127.0.0.1:10000\r\n"
                   "x-ms-version: 2021-12-02\r\nx-ms-blob-type: BlockBlob\r\n"
                   "Content-Length: 4096\r\nx-ms-date: now\r\n"
                   "Authorization: SharedKey acct1:SIG\r\n\r\n",
                   "PUT\n\n\n4096\n\n\n\n\n\n\n\n\nx-ms-blob-type:BlockBlob\nx-ms-date:now\n"
                   "x-ms-version:2021-12-02\n/acct1/acct1/load/b000000001"));
}

TEST(HeadTemplate, SignsRangesAndEmptyBodies) {
  EXPECT_EQ(Render(PlanOf("key"), Operation::kRange,
                   {.number = 1, .first = 0, .last = 31, .date = "now"}),
            Signed("GET /acct1/load/b000000001 HTTP/1.1\r\nHost: 127.0.0.1:10000\r\n"
                   "x-ms-version: 2021-12-02\r\nRange: bytes=0-31\r\nx-ms-date: now\r\n"
                   "Authorization: SharedKey acct1:SIG\r\n\r\n",
                   "GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-31\nx-ms-date:now\n"
                   "x-ms-version:2021-12-02\n/acct1/acct1/load/b000000001"));
  EXPECT_EQ(Render(PlanOf("key"), Operation::kPut, {.number = 1, .date = "now"}),
            Signed("PUT /acct1/load/b000000001 HTTP/1.1\r\nHost: 127.0.0.1:10000\r\n"
                   "x-ms-version: 2021-12-02\r\nx-ms-blob-type: BlockBlob\r\n"
                   "Content-Length: 0\r\nx-ms-date: now\r\n"
                   "Authorization: SharedKey acct1:SIG\r\n\r\n",
                   "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-blob-type:BlockBlob\nx-ms-date:now\n"
                   "x-ms-version:2021-12-02\n/acct1/acct1/load/b000000001"));
}

TEST(HeadTemplate, SignsListingsInTheOrderOfNames) {
  Plan plan = PlanOf("key");
  plan.list_delimiter = "/";
  EXPECT_EQ(Render(plan, Operation::kList, {.marker = "a/b=", .date = "now"}),
            Signed("GET /acct1/load?comp=list&delimiter=/&maxresults=5000&restype=container"
                   "&marker=a%2Fb%3D HTTP/1.1\r\nHost: 127.0.0.1:10000\r\n"
                   "x-ms-version: 2021-12-02\r\nx-ms-date: now\r\n"
                   "Authorization: SharedKey acct1:SIG\r\n\r\n",
                   "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:now\nx-ms-version:2021-12-02\n"
                   "/acct1/acct1/load\ncomp:list\ndelimiter:/\nmarker:a/b=\nmaxresults:5000\n"
                   "restype:container"));
}

TEST(BlockListBody, NamesTheBlocksInOrder) {
  EXPECT_EQ(BlockListBody(2),
            "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList><Latest>MDAwMDAwMDAw</Latest>"
            "<Latest>MDAwMDAwMDAx</Latest></BlockList>");
}

}  // namespace
}  // namespace blobgate::bench
