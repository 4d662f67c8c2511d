#include "azure/signed_identifiers.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::azure {
namespace {

std::string Identifier(std::string_view id, std::string_view policy = "") {
  return "<SignedIdentifier><Id>" + std::string(id) + "</Id><AccessPolicy>" + std::string(policy) +
         "</AccessPolicy></SignedIdentifier>";
}

std::string Document(std::string_view inside) {
  return "<SignedIdentifiers>" + std::string(inside) + "</SignedIdentifiers>";
}

std::string_view CodeOf(std::string_view inside) {
  const auto read = ParseSignedIdentifiers(Document(inside));
  return read ? std::string_view() : InfoOf(read.error().code).code;
}

TEST(SignedIdentifiers, ReadsAllParts) {
  const auto read = ParseSignedIdentifiers(
      Document(Identifier("one",
                          "<Start>2026-01-01</Start><Expiry>2027-01-01T00:00:00Z</Expiry>"
                          "<Permission>rwl</Permission>") +
               "\n<SignedIdentifier><Id>two</Id></SignedIdentifier>" +
               Identifier("three", "<Start/><Expiry /><Permission></Permission>")));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read,
            (std::vector<SignedIdentifier>{{"one", "2026-01-01", "2027-01-01T00:00:00Z", "rwl"},
                                           {"two", "", "", ""},
                                           {"three", "", "", ""}}));
}

TEST(SignedIdentifiers, AnEmptyBodyRemovesAll) {
  for (std::string_view body : {"", "<SignedIdentifiers/>", "<SignedIdentifiers />"}) {
    const auto read = ParseSignedIdentifiers(body);
    ASSERT_TRUE(read) << body;
    EXPECT_TRUE(read->empty());
  }
}

TEST(SignedIdentifiers, LimitsAndUniqueness) {
  std::string five;
  for (int i = 0; i < 5; ++i) five += Identifier("id" + std::to_string(i));
  EXPECT_EQ(CodeOf(five), "");
  EXPECT_EQ(CodeOf(five + Identifier("id5")), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(Identifier("a") + Identifier("a")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Identifier("")), "InvalidXmlNodeValue");
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "\xC3\xA9";  // characters, not bytes
  EXPECT_EQ(CodeOf(Identifier(longest)), "");
  EXPECT_EQ(CodeOf(Identifier(longest + "x")), "InvalidXmlNodeValue");
}

TEST(SignedIdentifiers, RefusesBadValues) {
  EXPECT_EQ(CodeOf(Identifier("a", "<Start>yesterday</Start>")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Identifier("a", "<Expiry>2026-13-01</Expiry>")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Identifier("a", "<Permission>rq</Permission>")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(Identifier("a", "<Other/>")), "UnsupportedXmlNode");
  EXPECT_EQ(CodeOf("<SignedIdentifier><AccessPolicy/></SignedIdentifier>"),
            "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf("<Identifier/>"), "InvalidXmlDocument");
}

TEST(SignedIdentifiers, RendersSevenDigits) {
  EXPECT_EQ(RenderSignedIdentifiers(
                {{"a&b", "2026-01-01", "2027-01-01T01:02Z", "rl"}, {"c", "", "", ""}}),
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><SignedIdentifiers>"
            "<SignedIdentifier><Id>a&amp;b</Id><AccessPolicy>"
            "<Start>2026-01-01T00:00:00.0000000Z</Start>"
            "<Expiry>2027-01-01T01:02:00.0000000Z</Expiry><Permission>rl</Permission>"
            "</AccessPolicy></SignedIdentifier><SignedIdentifier><Id>c</Id><AccessPolicy>"
            "</AccessPolicy></SignedIdentifier></SignedIdentifiers>");
  EXPECT_TRUE(RenderSignedIdentifiers({}).ends_with("?><SignedIdentifiers />"));
}

}  // namespace
}  // namespace blobgate::azure
