#include "console/blob_request.h"

#include <gtest/gtest.h>

#include "auth/credential.h"
#include "console_request.h"

namespace blobgate::console {
namespace {

const Time kNow = *ParseIso8601("2026-01-15T12:00:00Z");

class BlobRequestTest : public ::testing::Test {
 protected:
  azure::Outcome<std::unique_ptr<BlobRequest>> Make(const std::string& query,
                                                    std::string method = "GET") {
    request_.method = std::move(method);
    request_.target = "/api/blob?" + query;
    head_ = request_.Head();
    return BlobRequest::Of(head_, *accounts_, kNow);
  }

  unsigned Refused(const std::string& query, std::string method = "GET") {
    const auto made = Make(query, std::move(method));
    return made ? 200 : made.error().http_status();
  }

  /// May the holder of its SAS do `operation` a while after it was made?
  bool Allows(const BlobRequest& request, azure::Operation operation,
              std::chrono::seconds later = {}) {
    const auth::AccountKeys& keys = accounts_->Find("shop")->keys;
    const auto credential =
        auth::Authenticate(request.head(), request.resource(), &keys, kNow + later);
    return credential &&
           auth::Authorize(*credential, azure::SpecOf(operation), request.resource(), {}, true);
  }

  std::shared_ptr<gateway::AccountTable> accounts_ = Shop();
  ConsoleRequest request_;
  http::RequestHead head_;
};

TEST_F(BlobRequestTest, NamesAreTakenLetterForLetter) {
  const auto made =
      Make("account=shop&container=con&blob=a%2F..%2F..%2Fother%2F%3Cimg%3E%3F%23%25");
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->resource().container, "con");
  EXPECT_EQ((*made)->resource().blob, "a/../../other/<img>?#%");
  EXPECT_EQ((*made)->spec().id, azure::Operation::kGetBlob);
  EXPECT_FALSE((*made)->changes());
}

TEST_F(BlobRequestTest, TheSasLetsInThatOneOperationForAMinute) {
  using enum azure::Operation;
  const auto read = Make("account=shop&container=con&blob=b");
  ASSERT_TRUE(read);
  EXPECT_TRUE(Allows(**read, kGetBlob));
  EXPECT_FALSE(Allows(**read, kGetBlob, std::chrono::seconds(61)));
  for (const auto other : {kPutBlob, kDeleteBlob, kListBlobs, kListContainers, kSetBlobTags}) {
    EXPECT_FALSE(Allows(**read, other)) << azure::SpecOf(other).name;
  }
  const auto list = Make("account=shop&comp=list&prefix=a%26b");
  ASSERT_TRUE(list);
  EXPECT_EQ((*list)->head().query.Get("prefix"), "a&b");
  EXPECT_TRUE(Allows(**list, kListContainers));
  EXPECT_FALSE(Allows(**list, kSetBlobServiceProperties));
  const auto blobs = Make("account=shop&container=con&restype=container&comp=list");
  ASSERT_TRUE(blobs);
  EXPECT_TRUE(Allows(**blobs, kListBlobs));
  EXPECT_FALSE(Allows(**blobs, kDeleteContainer));
}

TEST_F(BlobRequestTest, WhatThePageUsesAndNothingElse) {
  request_.With("x-ms-blob-type", "BlockBlob").With("Content-Length", "0");
  const std::string blob = "account=shop&container=con&blob=b";
  EXPECT_EQ(Refused(blob, "PUT"), 200u);
  EXPECT_EQ(Refused(blob, "HEAD"), 200u);
  EXPECT_EQ(Refused(blob, "DELETE"), 200u);
  EXPECT_EQ(Refused(blob + "&comp=block&blockid=MDA=", "PUT"), 200u);
  EXPECT_EQ(Refused(blob + "&comp=blocklist", "PUT"), 200u);
  EXPECT_EQ(Refused(blob + "&comp=tags"), 403u);
  EXPECT_EQ(Refused(blob + "&comp=metadata", "PUT"), 403u);
  EXPECT_EQ(Refused(blob, "POST"), 405u);
  EXPECT_EQ(Refused("account=shop&container=con&restype=container", "DELETE"), 403u);
  EXPECT_EQ(Refused("account=shop&container=con&restype=container", "PUT"), 403u);
  EXPECT_EQ(Refused("account=shop&container=con&restype=container&comp=acl"), 403u);
  EXPECT_EQ(Refused("account=shop&restype=service&comp=properties"), 403u);
  EXPECT_EQ(Refused("account=shop&comp=batch", "POST"), 403u);
}

TEST_F(BlobRequestTest, HeadersOfOtherOperationsAreLeftOut) {
  request_.With("x-ms-copy-source", "http://elsewhere/").With("Authorization", "SharedKey x:y");
  request_.With("x-ms-blob-type", "BlockBlob").With("Cookie", "blobgate-console=x");
  request_.With("Origin", "http://127.0.0.1:9650").With("If-None-Match", "*");
  const auto made = Make("account=shop&container=con&blob=b", "PUT");
  ASSERT_TRUE(made);
  EXPECT_EQ((*made)->spec().id, azure::Operation::kPutBlob);
  EXPECT_EQ((*made)->head().headers.Get("if-none-match"), "*");
  for (const char* name : {"x-ms-copy-source", "authorization", "cookie", "origin"}) {
    EXPECT_FALSE((*made)->head().headers.Has(name)) << name;
  }
}

TEST_F(BlobRequestTest, OtherParametersAreRefused) {
  for (const char* query :
       {"account=shop&container=con&blob=b&sig=x", "account=shop&container=con&blob=b&sp=rwd",
        "account=shop&container=con&blob=b&si=policy", "account=shop&container=con&blob=b&rsct=a",
        "account=shop&container=con&blob=b&blob=c", "account=shop&account=shop&comp=list",
        "account=shop&container=con&blob=b&BLOB=c", "account=shop&blob=b", "account=shop&comp=x",
        "account=shop&container=con&blob=b&skoid=x", "account=shop&container=A_B&blob=b",
        "account=shop&container=con&blob=%FF", "account=shop&container=con%2Fblob&blob=x"}) {
    EXPECT_EQ(Refused(query), 400u) << query;
  }
  for (const char* query :
       {"", "account=", "account=none&comp=list", "account=shop-secondary&comp=list",
        "account=..&container=shop&blob=con", "account=shop%2Fcon&blob="}) {
    EXPECT_EQ(Refused(query), 404u) << query;
  }
}

}  // namespace
}  // namespace blobgate::console
