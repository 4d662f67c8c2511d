#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "azure/utf8.h"
#include "azure/xml_reader.h"
#include "azure/xml_writer.h"
#include "base/encoding.h"

namespace blobgate::azure {
namespace {

std::string Escaped(std::string_view text) {
  std::string out;
  AppendXmlText(out, text);
  return out;
}

TEST(XmlText, Escapes) {
  EXPECT_EQ(Escaped("plain text"), "plain text");
  EXPECT_EQ(Escaped("<&>\"'"), "&lt;&amp;&gt;&quot;&apos;");
  EXPECT_EQ(Escaped("a\r\nb\tc"), "a&#xD;\nb\tc");
  EXPECT_EQ(Escaped("\xE6\x97\xA5\xF0\x9F\x98\x80"), "\xE6\x97\xA5\xF0\x9F\x98\x80");
}

TEST(XmlText, ReplacesWhatXmlCannotCarry) {
  constexpr std::string_view kGap = "\xEF\xBF\xBD";
  for (std::string_view bad :
       {std::string_view("\0", 1), std::string_view("\x1F"), std::string_view("\xEF\xBF\xBE"),
        std::string_view("\xEF\xBF\xBF"), std::string_view("\xFF")}) {
    EXPECT_EQ(Escaped("a" + std::string(bad) + "b"), "a" + std::string(kGap) + "b");
    EXPECT_FALSE(IsXmlText(bad));
  }
  EXPECT_EQ(Escaped("\xE6\x97"), std::string(kGap) + std::string(kGap));
  EXPECT_TRUE(IsXmlText("a<&>'\"\r\n\xEF\xBF\xBD"));
}

TEST(Utf8, AgreesWithTheValidator) {
  for (unsigned a = 0; a < 256; ++a) {
    for (unsigned b = 0; b < 256; ++b) {
      const std::string text = {static_cast<char>(a), static_cast<char>(b), '\x80', '\x80'};
      bool valid = true;
      for (std::string_view rest = text; !rest.empty();) {
        const CodePoint next = NextCodePoint(rest);
        valid = valid && next.valid;
        rest.remove_prefix(next.bytes);
      }
      ASSERT_EQ(valid, IsUtf8(text)) << a << " " << b;
    }
  }
}

TEST(XmlWriter, WritesAzuresSpelling) {
  XmlWriter xml;
  xml.OpenTag("Root");
  xml.Attribute("At", "a\"<b");
  xml.EndTag();
  xml.Element("Empty", "");
  xml.Element("Number", std::uint64_t{18446744073709551615u});
  xml.Flag("Yes", true);
  xml.ElementIfSet("Absent", "");
  xml.NameElement("Name", "a&b");
  xml.NameElement("Name", "a/b\xEF\xBF\xBE");
  xml.Close("Root");
  EXPECT_EQ(std::move(xml).Take(),
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><Root At=\"a&quot;&lt;b\">"
            "<Empty /><Number>18446744073709551615</Number><Yes>true</Yes><Name>a&amp;b</Name>"
            "<Name Encoded=\"true\">a%2Fb%EF%BF%BE</Name></Root>");
}

Outcome<std::string> TextOf(std::string_view body) {
  BG_TRY(const XmlDocument document, XmlDocument::Parse(body, "A"));
  return document.root().Text();
}

std::string_view CodeOf(const Error& error) {
  return InfoOf(error.code).code;
}

TEST(XmlReader, ResolvesReferencesOnce) {
  const auto text = TextOf("<A>&lt;&#65;&#x42;&amp;lt;&apos;&quot;&gt;<![CDATA[&amp;<]]></A>");
  ASSERT_TRUE(text);
  EXPECT_EQ(*text, "<AB&lt;'\">&amp;<");
  const auto wide = TextOf("<A>&#x1F600;&#xE9;&#x65E5;</A>");
  ASSERT_TRUE(wide);
  EXPECT_EQ(*wide, "\xF0\x9F\x98\x80\xC3\xA9\xE6\x97\xA5");
  const auto commented = TextOf("<A>a<!-- b -->c</A>");
  ASSERT_TRUE(commented);
  EXPECT_EQ(*commented, "ac");
}

TEST(XmlReader, RefusesEntitiesAndReferencesThatAreNone) {
  for (std::string_view text : {"&foo;", "&", "&lt", "&#0;", "&#xD800;", "&#x110000;", "&#xFFFE;",
                                "&#;", "&#x;", "&#-1;", "&#99999999999;", "&#12a;", "&;"}) {
    const auto result = TextOf("<A>" + std::string(text) + "</A>");
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(CodeOf(result.error()), "InvalidXmlDocument") << text;
  }
}

TEST(XmlReader, RefusesDocumentTypes) {
  for (std::string_view body :
       {"<!DOCTYPE A><A/>", "<!DOCTYPE A [<!ENTITY x \"y\">]><A>&x;</A>",
        "<!DOCTYPE A SYSTEM \"file:///etc/passwd\"><A/>",
        "<!DOCTYPE A [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]><A>&b;</A>"}) {
    const auto result = TextOf(body);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(CodeOf(result.error()), "InvalidXmlDocument") << body;
  }
}

TEST(XmlReader, RefusesWhatIsNoDocument) {
  for (std::string_view body :
       {std::string_view(""), std::string_view("   "), std::string_view("text"),
        std::string_view("<A>"), std::string_view("</A>"), std::string_view("<A></B>"),
        std::string_view("<B/>"), std::string_view("<A/><A/>"), std::string_view("<A/>tail"),
        std::string_view("head<A/>"), std::string_view("<A>\0</A>", 8),
        std::string_view("<A>\x01</A>"), std::string_view("<A>\xFF</A>"),
        std::string_view("\xFF\xFE<\0A\0/\0>\0", 10),
        std::string_view("<?xml version=\"1.0\"?>")}) {
    const auto result = TextOf(body);
    ASSERT_FALSE(result) << body;
    EXPECT_EQ(CodeOf(result.error()), "InvalidXmlDocument") << body;
  }
}

TEST(XmlReader, TellsWhereTheSyntaxBroke) {
  const auto result = TextOf("<A>\n  <B></C></A>");
  ASSERT_FALSE(result);
  ASSERT_EQ(result.error().details().size(), 3u);
  EXPECT_EQ(result.error().details()[0], (std::pair<std::string, std::string>("LineNumber", "2")));
  EXPECT_EQ(result.error().details()[1].first, "LinePosition");
  EXPECT_EQ(result.error().details()[2].first, "Reason");
}

TEST(XmlReader, BoundsSizeDepthAndNodes) {
  EXPECT_FALSE(XmlDocument::Parse("<A>" + std::string(kMaxSmallXml, 'x') + "</A>", "A"));
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<A>";
  for (int i = 0; i < 1000; ++i) deep += "</A>";
  const auto nested = XmlDocument::Parse(deep, "A");
  ASSERT_FALSE(nested);
  EXPECT_EQ(CodeOf(nested.error()), "InvalidXmlDocument");
  std::string wide = "<A>";
  for (int i = 0; i < 300'000; ++i) wide += "<B/>";
  const auto crowd = XmlDocument::Parse(wide + "</A>", "A", 8 * 1024 * 1024);
  ASSERT_FALSE(crowd);
  EXPECT_EQ(CodeOf(crowd.error()), "InvalidXmlDocument");
}

TEST(XmlReader, FieldsAreKnownAndSingle) {
  const auto document = XmlDocument::Parse("<A><B> true </B><C>70000</C></A>", "A");
  ASSERT_TRUE(document);
  const auto fields = XmlFields::Of(document->root(), {"B", "C", "D"});
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->Find("D"), nullptr);
  EXPECT_EQ(CodeOf(fields->Require("D").error()), "MissingRequiredXmlNode");
  EXPECT_EQ(fields->Find("B")->Bool().value(), true);
  EXPECT_EQ(fields->Find("C")->Number().value(), 70000u);
  EXPECT_EQ(CodeOf(fields->Find("C")->Bool().error()), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(fields->Find("B")->Number().error()), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(XmlFields::Of(document->root(), {"B"}).error()), "UnsupportedXmlNode");
}

}  // namespace
}  // namespace blobgate::azure
