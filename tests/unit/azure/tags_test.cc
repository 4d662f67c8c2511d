#include "azure/tags.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::azure {
namespace {

std::string_view CodeOf(const Outcome<NameValues>& result) {
  return result ? std::string_view() : InfoOf(result.error().code).code;
}

std::string Document(std::string_view inside) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?><Tags><TagSet>" + std::string(inside) +
         "</TagSet></Tags>";
}

std::string TagXml(std::string_view key, std::string_view value) {
  return "<Tag><Key>" + std::string(key) + "</Key><Value>" + std::string(value) + "</Value></Tag>";
}

TEST(TagsHeader, IsAFormSortedByKey) {
  const auto tags = ParseTagsHeader("t+2=b+c&t1=a%2Bb%3D&Zz=");
  ASSERT_TRUE(tags);
  EXPECT_EQ(*tags, (NameValues{{"Zz", ""}, {"t 2", "b c"}, {"t1", "a+b="}}));
  const auto equals = ParseTagsHeader("k=a=b");
  ASSERT_TRUE(equals);
  EXPECT_EQ((*equals)[0].second, "a=b");
  const auto none = ParseTagsHeader("");
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

TEST(TagsHeader, RefusesWhatTagsCannotBe) {
  EXPECT_EQ(CodeOf(ParseTagsHeader("key")), "InvalidTag");
  EXPECT_EQ(CodeOf(ParseTagsHeader("k=%2")), "InvalidTag");
  EXPECT_EQ(CodeOf(ParseTagsHeader("k=%00")), "InvalidTag");
  EXPECT_EQ(CodeOf(ParseTagsHeader("k=a'b")), "InvalidTag");
  EXPECT_EQ(CodeOf(ParseTagsHeader("k%C3%A9=a")), "InvalidTag");
  EXPECT_EQ(CodeOf(ParseTagsHeader("=v")), "EmptyTagName");
  EXPECT_EQ(CodeOf(ParseTagsHeader("k=1&k=2")), "DuplicateTagNames");
  EXPECT_EQ(CodeOf(ParseTagsHeader("k=1&K=2")), "");
}

TEST(TagsHeader, Limits) {
  std::string many = "t0=x";
  for (int i = 1; i < 10; ++i) many += "&t" + std::to_string(i) + "=x";
  EXPECT_EQ(CodeOf(ParseTagsHeader(many)), "");
  EXPECT_EQ(CodeOf(ParseTagsHeader(many + "&t10=x")), "TagsTooLarge");
  EXPECT_EQ(CodeOf(ParseTagsHeader(std::string(128, 'k') + "=" + std::string(256, 'v'))), "");
  EXPECT_EQ(CodeOf(ParseTagsHeader(std::string(129, 'k') + "=v")), "TagsTooLarge");
  EXPECT_EQ(CodeOf(ParseTagsHeader("k=" + std::string(257, 'v'))), "TagsTooLarge");
}

TEST(TagsXml, KeepsBlanksInValues) {
  const auto tags =
      ParseTagsXml(Document(TagXml("b", " ") + "\n  " + TagXml(" a ", "<![CDATA[x]]>")));
  ASSERT_TRUE(tags) << CodeOf(tags);
  EXPECT_EQ(*tags, (NameValues{{" a ", "x"}, {"b", " "}}));
}

TEST(TagsXml, AnEmptySetRemovesAll) {
  for (std::string_view body : {"<Tags><TagSet/></Tags>", "<Tags><TagSet> </TagSet></Tags>",
                                "\xEF\xBB\xBF<Tags><TagSet></TagSet></Tags>"}) {
    const auto tags = ParseTagsXml(body);
    ASSERT_TRUE(tags) << body;
    EXPECT_TRUE(tags->empty());
  }
}

TEST(TagsXml, RefusesOtherDocuments) {
  EXPECT_EQ(CodeOf(ParseTagsXml("")), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(ParseTagsXml("<tags><TagSet/></tags>")), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(ParseTagsXml("<Tags/>")), "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf(ParseTagsXml(Document("<Label/>"))), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(ParseTagsXml(Document("text"))), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(ParseTagsXml(Document("<Tag><Key>a</Key></Tag>"))), "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf(ParseTagsXml(Document("<Tag><Key>a</Key><Value/><Value/></Tag>"))),
            "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(ParseTagsXml(Document("<Tag><Key>a</Key><Value/><X/></Tag>"))),
            "UnsupportedXmlNode");
  EXPECT_EQ(CodeOf(ParseTagsXml(Document(TagXml("a", "&amp;")))), "InvalidTag");
  EXPECT_EQ(CodeOf(ParseTagsXml(Document(TagXml("", "a")))), "EmptyTagName");
}

TEST(TagsXml, RoundTripsAndHasAzuresForm) {
  const NameValues tags = {{"a b", "1:2/3"}, {"c", ""}};
  const std::string xml = RenderTagsXml(tags);
  EXPECT_EQ(xml,
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<Tags><TagSet>"
            "<Tag><Key>a b</Key><Value>1:2/3</Value></Tag>"
            "<Tag><Key>c</Key><Value /></Tag></TagSet></Tags>");
  const auto read = ParseTagsXml(xml);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, tags);
  EXPECT_TRUE(RenderTagsXml({}).ends_with("<Tags><TagSet /></Tags>"));
}

}  // namespace
}  // namespace blobgate::azure
