// Get and Set Container ACL.
#include <gtest/gtest.h>

#include <string>

#include "operations/handlers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

std::string Identifier(const std::string& id, const std::string& policy) {
  return "<SignedIdentifier><Id>" + id + "</Id><AccessPolicy>" + policy +
         "</AccessPolicy></SignedIdentifier>";
}
std::string Identifiers(const std::string& inside) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?><SignedIdentifiers>" + inside +
         "</SignedIdentifiers>";
}

class ContainerAclTest : public ::testing::Test {
 protected:
  ContainerAclTest() { EXPECT_EQ(h.Run(CreateContainer, "PUT /c?restype=container").status, 201u); }

  test::Reply Get(const std::string& headers = "") {
    return h.Run(GetContainerAcl, "GET /c?restype=container&comp=acl\n" + headers);
  }
  test::Reply Set(const std::string& body, const std::string& headers = "") {
    return h.Run(SetContainerAcl,
                 "PUT /c?restype=container&comp=acl\nContent-Length: " +
                     std::to_string(body.size()) + "\n" + headers,
                 body);
  }

  test::OperationHarness h;
};

TEST_F(ContainerAclTest, ANewContainerHasNone) {
  const auto reply = Get();
  EXPECT_EQ(reply.status, 200u);
  EXPECT_TRUE(reply.body.ends_with("<SignedIdentifiers />")) << reply.body;
  EXPECT_EQ(reply.Header("Content-Type"), "application/xml");
  EXPECT_FALSE(reply.Has("x-ms-blob-public-access"));
  EXPECT_TRUE(reply.Has("ETag"));
}

TEST_F(ContainerAclTest, StoresPoliciesAndAccessAndChangesTheEtag) {
  const auto before = Get();
  h.clock.Advance(std::chrono::seconds(1));
  const auto set = Set(Identifiers(Identifier("p1",
                                              "<Start>2026-01-01</Start>"
                                              "<Expiry>2026-02-01T00:00:00Z</Expiry>"
                                              "<Permission>rl</Permission>")),
                       "x-ms-blob-public-access: container");
  EXPECT_EQ(set.status, 200u);
  EXPECT_NE(set.Header("ETag"), before.Header("ETag"));
  EXPECT_EQ(set.Header("Last-Modified"), "Thu, 15 Jan 2026 12:00:01 GMT");
  const auto got = Get();
  EXPECT_EQ(got.Header("ETag"), set.Header("ETag"));
  EXPECT_EQ(got.Header("x-ms-blob-public-access"), "container");
  EXPECT_NE(got.body.find("<Id>p1</Id>"), std::string::npos);
  EXPECT_NE(got.body.find("<Start>2026-01-01T00:00:00.0000000Z</Start>"), std::string::npos)
      << got.body;
  EXPECT_NE(got.body.find("<Permission>rl</Permission>"), std::string::npos);
}

TEST_F(ContainerAclTest, WhatIsLeftOutIsGone) {
  ASSERT_EQ(Set(Identifiers(Identifier("p", "<Permission>r</Permission>")),
                "x-ms-blob-public-access: blob")
                .status,
            200u);
  ASSERT_EQ(Set("").status, 200u);
  const auto got = Get();
  EXPECT_TRUE(got.body.ends_with("<SignedIdentifiers />")) << got.body;
  EXPECT_FALSE(got.Has("x-ms-blob-public-access"));
}

TEST_F(ContainerAclTest, BadBodies) {
  std::string six;
  for (int i = 0; i < 6; ++i) six += Identifier("p" + std::to_string(i), "");
  EXPECT_EQ(Set(Identifiers(six)).code, "InvalidXmlDocument");
  EXPECT_EQ(Set("<SignedIdentifiers>").code, "InvalidXmlDocument");
  EXPECT_EQ(Set("garbage").code, "InvalidXmlDocument");
  EXPECT_EQ(Set(Identifiers(Identifier("p", "") + Identifier("p", ""))).status, 400u);
  EXPECT_EQ(Set(Identifiers(Identifier("p", "<Permission>r!</Permission>"))).status, 400u);
  EXPECT_EQ(Set(std::string(40'000, ' ')).code, "RequestBodyTooLarge");
  EXPECT_EQ(h.Run(SetContainerAcl, "PUT /c?restype=container&comp=acl").code,
            "MissingContentLengthHeader");
  EXPECT_TRUE(Get().body.ends_with("<SignedIdentifiers />"));
}

TEST_F(ContainerAclTest, ABodyThatBreaksOffChangesNothing) {
  h.body_fails_at = 10;
  const auto reply = Set(Identifiers(Identifier("p", "")));
  EXPECT_NE(reply.status, 200u);
  h.body_fails_at.reset();
  EXPECT_TRUE(Get().body.ends_with("<SignedIdentifiers />"));
}

TEST_F(ContainerAclTest, BadAccessHeader) {
  EXPECT_EQ(Set("", "x-ms-blob-public-access: true").code, "InvalidHeaderValue");
}

TEST_F(ContainerAclTest, Conditions) {
  const std::string noon = "Thu, 15 Jan 2026 12:00:00 GMT";
  EXPECT_EQ(Set("", "If-Modified-Since: " + noon).code, "ConditionNotMet");
  EXPECT_EQ(Set("", "If-Unmodified-Since: Thu, 15 Jan 2026 11:00:00 GMT").code, "ConditionNotMet");
  EXPECT_EQ(Set("", "If-Unmodified-Since: " + noon).status, 200u);
}

TEST_F(ContainerAclTest, LeaseIdsMustMatch) {
  const std::string id = "x-ms-lease-id: aaaaaaaa-1111-4222-8333-444444444444";
  EXPECT_EQ(Get(id).code, "LeaseNotPresentWithContainerOperation");
  EXPECT_EQ(Set("", id).code, "LeaseNotPresentWithContainerOperation");
}

TEST_F(ContainerAclTest, AMissingContainer) {
  EXPECT_EQ(h.Run(GetContainerAcl, "GET /other?restype=container&comp=acl").code,
            "ContainerNotFound");
  EXPECT_EQ(h.Run(SetContainerAcl, "PUT /other?restype=container&comp=acl\nContent-Length: 0").code,
            "ContainerNotFound");
}

}  // namespace
}  // namespace blobgate::operations
