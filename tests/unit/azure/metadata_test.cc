#include "azure/metadata.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::azure {
namespace {

Outcome<NameValues> Parse(const NameValues& headers) {
  http::HeaderView view;
  for (const auto& [name, value] : headers) view.Add(name, value);
  return ParseMetadata(view);
}

std::string_view CodeOf(const Outcome<NameValues>& result) {
  return result ? std::string_view() : InfoOf(result.error().code).code;
}

TEST(Metadata, TakesItsHeadersInOrderAndKeepsTheCase) {
  const auto metadata = Parse({{"x-ms-version", "1"},
                               {"X-MS-Meta-Zeta", "1"},
                               {"x-ms-meta-_a1", ""},
                               {"x-ms-metadata", "no"},
                               {"x-ms-meta-b", "\xE9 latin"}});
  ASSERT_TRUE(metadata);
  EXPECT_EQ(*metadata, (NameValues{{"Zeta", "1"}, {"_a1", ""}, {"b", "\xE9 latin"}}));
}

TEST(Metadata, RefusesBadNames) {
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-", "v"}})), "EmptyMetadataKey");
  for (std::string_view name : {"a-b", "1a", "a.b", "a b", "\xC3\xA9", "a\x01"}) {
    EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-" + std::string(name), "v"}})), "InvalidMetadata") << name;
  }
}

TEST(Metadata, JoinsTheValuesOfOneName) {
  const auto metadata =
      Parse({{"x-ms-meta-Name", "1"}, {"x-ms-meta-b", ""}, {"x-ms-meta-NAME", "2"}});
  ASSERT_TRUE(metadata);
  EXPECT_EQ(*metadata, (NameValues{{"Name", "1,2"}, {"b", ""}}));
  const std::string half(kMaxMetadataBytes / 2, 'v');
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-a", half}, {"x-ms-meta-a", half}})), "MetadataTooLarge");
}

TEST(Metadata, RefusesControlCharactersInValues) {
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-a", "b\r\nx: y"}})), "InvalidMetadata");
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-a", std::string("b\0c", 3)}})), "InvalidMetadata");
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-a", "b\tc"}})), "");
}

TEST(Metadata, CountsNamesAndValues) {
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-a", std::string(8191, 'v')}})), "");
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-a", std::string(8192, 'v')}})), "MetadataTooLarge");
  EXPECT_EQ(CodeOf(Parse({{"x-ms-meta-a", std::string(4096, 'v')},
                          {"x-ms-meta-b", std::string(4095, 'v')}})),
            "MetadataTooLarge");
}

TEST(Metadata, RendersBack) {
  NameValues headers = {{"ETag", "x"}};
  AppendMetadataHeaders({{"Key", "v"}, {"other", ""}}, headers);
  EXPECT_EQ(headers, (NameValues{{"ETag", "x"}, {"x-ms-meta-Key", "v"}, {"x-ms-meta-other", ""}}));
}

TEST(Metadata, LatinValuesBecomeUtf8) {
  EXPECT_EQ(MetadataValueAsUtf8("caf\xE9"), "caf\xC3\xA9");
  EXPECT_EQ(MetadataValueAsUtf8("caf\xC3\xA9"), "caf\xC3\xA9");
  EXPECT_EQ(MetadataValueAsUtf8(""), "");
}

}  // namespace
}  // namespace blobgate::azure
