#include "auth/make_sas.h"

#include <gtest/gtest.h>

#include "auth_request.h"

namespace blobgate::auth {
namespace {

const SasGrant kGrant{.permissions = "rl", .expiry = kNow + std::chrono::hours(1)};

azure::Resource Container() {
  azure::Resource resource = AuthRequest().resource;
  resource.blob.clear();
  return resource;
}

TEST(MakeSas, OfTheAccount) {
  const AuthRequest request = SasRequest(MakeAccountSas(TestAccount(), kGrant, "co"));
  const auto credential = request.Run(TestAccount());
  ASSERT_TRUE(credential);
  EXPECT_EQ(credential->kind, Credential::Kind::kAccountSas);
  EXPECT_EQ(credential->resource_types, "co");
  EXPECT_TRUE(credential->letters.Has('r'));
  EXPECT_FALSE(credential->letters.Has('w'));
  EXPECT_FALSE(request.Run(TestAccount(), kGrant.expiry));
  EXPECT_FALSE(request.Run({"devstoreaccount1", {"another key"}}));
}

TEST(MakeSas, OfAContainerOrABlob) {
  for (const bool blob : {false, true}) {
    const std::string sas =
        MakeServiceSas(TestAccount(), kGrant, blob ? AuthRequest().resource : Container());
    AuthRequest request = SasRequest(sas);
    const auto credential = request.Run(TestAccount());
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->signed_resource, blob ? "b" : "c");
    request.resource.blob = "other";
    EXPECT_EQ(request.Run(TestAccount()).has_value(), !blob);
    request.resource.container = "other";
    EXPECT_FALSE(request.Run(TestAccount()));
  }
}

TEST(MakeSas, OverHttpsOnly) {
  SasGrant grant = kGrant;
  grant.https_only = true;
  for (const std::string& sas : {MakeAccountSas(TestAccount(), grant, "o"),
                                 MakeServiceSas(TestAccount(), grant, Container())}) {
    AuthRequest request = SasRequest(sas);
    EXPECT_TRUE(request.Run(TestAccount()));
    request.secure = false;
    EXPECT_FALSE(request.Run(TestAccount()));
  }
}

}  // namespace
}  // namespace blobgate::auth
