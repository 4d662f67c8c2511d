#include "azure/delegation_key.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace blobgate::azure {
namespace {

const Time kNow = *ParseIso8601("2026-01-15T12:00:00.5Z");

std::string Info(std::string_view start, std::string_view expiry, std::string_view more = {}) {
  std::string out = "<?xml version=\"1.0\" encoding=\"utf-8\"?><KeyInfo>";
  if (!start.empty()) out.append("<Start>").append(start).append("</Start>");
  if (!expiry.empty()) out.append("<Expiry>").append(expiry).append("</Expiry>");
  return out.append(more).append("</KeyInfo>");
}

std::string_view CodeOf(std::string_view body) {
  const auto key = ParseKeyInfo(body, kNow);
  return key ? "OK" : InfoOf(key.error().code).code;
}

TEST(KeyInfo, TimesComeOutInSeconds) {
  const auto key =
      ParseKeyInfo(Info("2026-01-15T11:00:00.1234567Z", "2026-01-16T14:00:00+02:00"), kNow);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->start, "2026-01-15T11:00:00Z");
  EXPECT_EQ(key->expiry, "2026-01-16T12:00:00Z");
  EXPECT_EQ(key->service, "b");
  EXPECT_EQ(key->delegated_tid, "");
}

TEST(KeyInfo, AStartMayBeAbsent) {
  const auto key = ParseKeyInfo(Info("", "2026-01-16"), kNow);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->start, "2026-01-15T12:00:00Z");
}

TEST(KeyInfo, SevenDaysToTheSecond) {
  EXPECT_EQ(CodeOf(Info("2026-01-15T12:00:00Z", "2026-01-22T12:00:00Z")), "OK");
  EXPECT_EQ(CodeOf(Info("2026-01-15T12:00:00Z", "2026-01-22T12:00:01Z")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("2026-01-08T12:00:01Z", "2026-01-16")), "OK");
  EXPECT_EQ(CodeOf(Info("2026-01-08T12:00:00Z", "2026-01-16")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("2026-01-16", "2026-01-16")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("2026-01-17", "2026-01-16")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("", "2026-01-15T12:00:00Z")), "InvalidXmlNodeValue") << "it is over";
  EXPECT_EQ(CodeOf(Info("9999-12-31", "9999-12-31")), "InvalidXmlNodeValue");
}

TEST(KeyInfo, RefusesWhatIsNoKeyInfo) {
  EXPECT_EQ(CodeOf(""), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<Other/>"), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<KeyInfo/>"), "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf("<KeyInfo><Expiry/></KeyInfo>"), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("yesterday", "2026-01-16")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("", "tomorrow")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("", "2026-01-16", "<DelegatedUserTid>me</DelegatedUserTid>")),
            "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Info("", "2026-01-16", "<More/>")), "UnsupportedXmlNode");
  EXPECT_EQ(CodeOf(Info("", "2026-01-16", "<Expiry>2026-01-17</Expiry>")), "InvalidXmlDocument");
}

TEST(DelegationKeyXml, IsInAzuresOrder) {
  DelegationKey key{.oid = "o",
                    .tid = "t",
                    .start = "s",
                    .expiry = "e",
                    .service = "b",
                    .version = "2026-04-06",
                    .delegated_tid = ""};
  EXPECT_NE(RenderDelegationKey(key, "value")
                .find("<UserDelegationKey><SignedOid>o</SignedOid><SignedTid>t</SignedTid>"
                      "<SignedStart>s</SignedStart><SignedExpiry>e</SignedExpiry>"
                      "<SignedService>b</SignedService><SignedVersion>2026-04-06</SignedVersion>"
                      "<Value>dmFsdWU=</Value></UserDelegationKey>"),
            std::string::npos);
  key.delegated_tid = "d";
  EXPECT_NE(RenderDelegationKey(key, "value")
                .find("<SignedDelegatedUserTid>d</SignedDelegatedUserTid><Value>"),
            std::string::npos);
}

// Keys last for days: a new build must derive the same ones.
TEST(DelegationKeyValue, IsFixedForEver) {
  const DelegationKey key{.oid = "11111111-1111-1111-1111-111111111111",
                          .tid = "22222222-2222-2222-2222-222222222222",
                          .start = "2026-01-01T00:00:00Z",
                          .expiry = "2026-01-08T00:00:00Z",
                          .service = "b",
                          .version = "2026-04-06",
                          .delegated_tid = ""};
  const std::string text =
      "blobgate user delegation key 1\n36:11111111-1111-1111-1111-111111111111\n"
      "36:22222222-2222-2222-2222-222222222222\n20:2026-01-01T00:00:00Z\n"
      "20:2026-01-08T00:00:00Z\n1:b\n10:2026-04-06\n0:";
  const std::string secret = DelegationSecretOf("account key");
  EXPECT_EQ(DelegationKeyValue(secret, key), AsChars(HmacSha256(AsBytes(secret), AsBytes(text))));
  EXPECT_EQ(DelegationKeyValue(secret, key).size(), 32u);
  EXPECT_NE(secret, "account key");
}

TEST(DelegationKeyValue, FieldsDoNotRunIntoEachOther) {
  DelegationKey a{.oid = "1",
                  .tid = "2\n1:3",
                  .start = "",
                  .expiry = "",
                  .service = "b",
                  .version = "",
                  .delegated_tid = ""};
  DelegationKey b = a;
  b.oid = "1\n1:2";
  b.tid = "3";
  EXPECT_NE(DelegationKeyValue("s", a), DelegationKeyValue("s", b));
}

}  // namespace
}  // namespace blobgate::azure
