#include <gtest/gtest.h>

#include "azure/delegation_key.h"
#include "operations/handlers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

constexpr const char* kRequest = "POST /?restype=service&comp=userdelegationkey";
constexpr const char* kOid = "11111111-1111-1111-1111-111111111111";
constexpr const char* kTid = "22222222-2222-2222-2222-222222222222";

std::string KeyInfo(Time now) {
  return "<KeyInfo><Start>" + FormatIso8601Seconds(now) + "</Start><Expiry>" +
         FormatIso8601Seconds(now + std::chrono::hours(24)) + "</Expiry></KeyInfo>";
}

std::string Element(const std::string& xml, const std::string& name) {
  const auto begin = xml.find("<" + name + ">");
  if (begin == std::string::npos) return {};
  const auto from = begin + name.size() + 2;
  return xml.substr(from, xml.find('<', from) - from);
}

TEST(GetUserDelegationKey, AnswersAKeyThatCanBeDerivedAgain) {
  test::OperationHarness h;
  h.version = "2026-04-06";
  h.delegator = Delegator{.oid = kOid, .tid = kTid, .secret = "secret"};
  const auto reply = h.Send(kRequest, KeyInfo(h.clock.Now()));
  ASSERT_EQ(reply.status, 200u) << reply.code;
  EXPECT_EQ(Element(reply.body, "SignedOid"), kOid);
  EXPECT_EQ(Element(reply.body, "SignedTid"), kTid);
  EXPECT_EQ(Element(reply.body, "SignedService"), "b");
  EXPECT_EQ(Element(reply.body, "SignedVersion"), "2026-04-06");
  const azure::DelegationKey key{.oid = kOid,
                                 .tid = kTid,
                                 .start = Element(reply.body, "SignedStart"),
                                 .expiry = Element(reply.body, "SignedExpiry"),
                                 .service = "b",
                                 .version = "2026-04-06",
                                 .delegated_tid = ""};
  EXPECT_EQ(Element(reply.body, "Value"), Base64Encode(azure::DelegationKeyValue("secret", key)));
}

TEST(GetUserDelegationKey, IsForBearersOnly) {
  test::OperationHarness h;
  EXPECT_EQ(h.Send(kRequest, KeyInfo(h.clock.Now())).code, "AuthenticationFailed");
  h.delegator = Delegator{.oid = kOid, .tid = kTid, .secret = ""};
  EXPECT_EQ(h.Send(kRequest, KeyInfo(h.clock.Now())).code, "AuthenticationFailed");
  h.delegator = Delegator{.oid = "no guid", .tid = kTid, .secret = "secret"};
  EXPECT_EQ(h.Send(kRequest, KeyInfo(h.clock.Now())).code, "AuthenticationFailed");
}

TEST(GetUserDelegationKey, RefusesBadBodies) {
  test::OperationHarness h;
  h.delegator = Delegator{.oid = kOid, .tid = kTid, .secret = "secret"};
  EXPECT_EQ(h.Send(kRequest, "<KeyInfo/>").code, "MissingRequiredXmlNode");
  EXPECT_EQ(h.Send(kRequest, "nonsense").code, "InvalidXmlDocument");
  EXPECT_EQ(h.Send(kRequest, std::string(70'000, 'x')).code, "RequestBodyTooLarge");
}

}  // namespace
}  // namespace blobgate::operations
