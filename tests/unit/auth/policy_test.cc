#include <gtest/gtest.h>

#include "auth_request.h"

namespace blobgate::auth {
namespace {

Credential Token(bool start, bool expiry, bool permission) {
  Credential credential;
  credential.kind = Credential::Kind::kServiceSas;
  credential.signed_resource = "c";
  credential.policy_id = "policy-1";
  credential.has_start = start;
  credential.has_expiry = expiry;
  credential.has_permission = permission;
  if (permission) credential.letters = azure::Permissions("r");
  return credential;
}

TEST(ApplyPolicy, CompletesTheToken) {
  Credential credential = Token(false, false, false);
  const std::vector<StoredPolicy> policies = {{"other", "", "2020-01-01", "d"},
                                              {"policy-1", "2026-01-01", "2027-01-01", "rwl"}};
  ASSERT_EQ(CodeOf(ApplyPolicy(credential, policies, kNow)), "OK");
  EXPECT_TRUE(credential.letters.Has('w'));
  EXPECT_FALSE(credential.letters.Has('d'));
  EXPECT_EQ(credential.policy_id, "") << "nothing is left to apply";
}

TEST(ApplyPolicy, LeavesTokensWithoutPolicyAlone) {
  Credential credential = Token(true, true, true);
  credential.policy_id.clear();
  EXPECT_EQ(CodeOf(ApplyPolicy(credential, {}, kNow)), "OK");
}

TEST(ApplyPolicy, TheFieldsMayBeSplit) {
  Credential credential = Token(true, false, true);
  ASSERT_EQ(CodeOf(ApplyPolicy(credential, {{"policy-1", "", "2027-01-01", ""}}, kNow)), "OK");
  EXPECT_TRUE(credential.letters.Has('r'));
}

TEST(ApplyPolicy, UnknownIdsFail) {
  for (const auto& policies :
       {std::vector<StoredPolicy>{}, std::vector<StoredPolicy>{{"policy-2", "", "2027-01-01", "r"}},
        std::vector<StoredPolicy>{{"POLICY-1", "", "2027-01-01", "r"}}}) {
    Credential credential = Token(false, false, false);
    EXPECT_EQ(CodeOf(ApplyPolicy(credential, policies, kNow)), "AuthenticationFailed");
    EXPECT_EQ(credential.policy_id, "policy-1") << "still not usable";
  }
}

TEST(ApplyPolicy, NoFieldTwice) {
  const StoredPolicy start{"policy-1", "2026-01-01", "", ""};
  const StoredPolicy expiry{"policy-1", "", "2027-01-01", ""};
  const StoredPolicy permission{"policy-1", "", "", "r"};
  for (const auto& policy : {start, expiry, permission}) {
    Credential credential = Token(true, true, true);
    const auto outcome = ApplyPolicy(credential, {policy}, kNow);
    EXPECT_EQ(CodeOf(outcome), "AuthenticationFailed");
    EXPECT_EQ(DetailOf(outcome),
              "Access policy fields can be associated with signature or SAS identifier but not "
              "both");
  }
}

TEST(ApplyPolicy, ExpiryAndPermissionMustComeFromSomewhere) {
  Credential no_expiry = Token(false, false, true);
  EXPECT_EQ(DetailOf(ApplyPolicy(no_expiry, {{"policy-1", "", "", ""}}, kNow)),
            "Signed expiry must be specified in signature or SAS identifier");
  Credential no_permission = Token(false, true, false);
  EXPECT_EQ(DetailOf(ApplyPolicy(no_permission, {{"policy-1", "", "", ""}}, kNow)),
            "Signed permission must be specified in signature or SAS identifier");
}

TEST(ApplyPolicy, ThePolicysTimesCount) {
  for (const auto& [start, expiry] :
       {std::pair("2026-01-16", "2027-01-01"), std::pair("", "2026-01-15T12:00:00Z"),
        std::pair("2026-01-10", "2026-01-05"), std::pair("soon", "2027-01-01")}) {
    Credential credential = Token(false, false, false);
    EXPECT_EQ(CodeOf(ApplyPolicy(credential, {{"policy-1", start, expiry, "r"}}, kNow)),
              "AuthenticationFailed")
        << start << expiry;
  }
}

// The vector with a policy alone, from the signature to the letters.
TEST(ApplyPolicy, EndToEnd) {
  AuthRequest request = SasRequest(
      "sv=2015-04-05&si=policy-1&sr=c&sig=UKkwhXafOpgxp6276OHVAVJqT3efCUT7s9ttw7wrWgw%3D");
  auto outcome = request.Run(TestAccount());
  ASSERT_EQ(CodeOf(outcome), "OK");
  EXPECT_EQ(outcome->policy_id, "policy-1");
  EXPECT_TRUE(outcome->letters.empty());
  ASSERT_EQ(CodeOf(ApplyPolicy(*outcome, {{"policy-1", "", "2027-01-01", "r"}}, kNow)), "OK");
  const auto& get_blob = azure::SpecOf(azure::Operation::kGetBlob);
  EXPECT_EQ(CodeOf(Authorize(*outcome, get_blob, request.resource, Access::kPrivate, true)), "OK");
}

}  // namespace
}  // namespace blobgate::auth
