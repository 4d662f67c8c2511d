#include "azure/service_properties.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace blobgate::azure {
namespace {

constexpr std::string_view kOff = "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy>";

std::string Document(std::string_view inside) {
  return "<StorageServiceProperties>" + std::string(inside) + "</StorageServiceProperties>";
}

Outcome<ServiceProperties> Merge(std::string_view inside, const ServiceProperties& stored = {}) {
  return MergeServiceProperties(stored, Document(inside));
}

std::string_view CodeOf(std::string_view inside) {
  const auto merged = Merge(inside);
  return merged ? std::string_view() : InfoOf(merged.error().code).code;
}

std::string Cors(std::string_view origins = "*", std::string_view methods = "GET",
                 std::string_view allowed = "", std::string_view exposed = "",
                 std::string_view age = "5") {
  auto element = [](std::string name, std::string_view text) {
    return "<" + name + ">" + std::string(text) + "</" + name + ">";
  };
  return element("CorsRule",
                 element("AllowedOrigins", origins) + element("AllowedMethods", methods) +
                     element("AllowedHeaders", allowed) + element("ExposedHeaders", exposed) +
                     element("MaxAgeInSeconds", age));
}

std::string InCors(std::string_view rules) {
  return "<Cors>" + std::string(rules) + "</Cors>";
}

ServiceProperties Everything() {
  ServiceProperties properties;
  properties.logging = {"2.0", true, false, true, {true, 7}};
  properties.hour_metrics = {"1.0", true, false, {true, 365}};
  properties.minute_metrics = {"1.0", true, true, {false, {}}};
  properties.cors = {{{"http://a", "http://b"}, {"GET", "PUT"}, {"x-*"}, {"ETag"}, 60}};
  properties.delete_retention = {true, 14};
  properties.allow_permanent_delete = true;
  properties.static_website = {true, "index.html", "d/<x>.html", "404.html"};
  properties.default_service_version = "2021-04-10";
  return properties;
}

TEST(ServiceProperties, RenderInAzuresOrder) {
  EXPECT_EQ(RenderServiceProperties({}),
            "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?>" +
                Document("<Logging><Version>1.0</Version><Read>false</Read><Write>false</Write>"
                         "<Delete>false</Delete>" +
                         std::string(kOff) +
                         "</Logging><HourMetrics><Version>1.0</Version><Enabled>false</Enabled>" +
                         std::string(kOff) +
                         "</HourMetrics><MinuteMetrics><Version>1.0</Version><Enabled>false"
                         "</Enabled>" +
                         std::string(kOff) +
                         "</MinuteMetrics><Cors /><DeleteRetentionPolicy><Enabled>false</Enabled>"
                         "<AllowPermanentDelete>false</AllowPermanentDelete>"
                         "</DeleteRetentionPolicy><StaticWebsite><Enabled>false</Enabled>"
                         "</StaticWebsite>"));
}

TEST(ServiceProperties, ReadBackWhatTheyRender) {
  for (const ServiceProperties& properties : {ServiceProperties{}, Everything()}) {
    const auto read = DecodeServiceProperties(RenderServiceProperties(properties));
    ASSERT_TRUE(read) << InfoOf(read.error().code).code;
    EXPECT_EQ(*read, properties);
  }
}

TEST(ServiceProperties, AbsentElementsStay) {
  const auto same = Merge("", Everything());
  ASSERT_TRUE(same);
  EXPECT_EQ(*same, Everything());

  const auto merged =
      Merge("<Cors/><StaticWebsite><Enabled>false</Enabled></StaticWebsite>", Everything());
  ASSERT_TRUE(merged);
  ServiceProperties expected = Everything();
  expected.cors.clear();
  expected.static_website = {};
  EXPECT_EQ(*merged, expected);
}

TEST(ServiceProperties, AnElementNeedsItsChildren) {
  EXPECT_EQ(CodeOf("<Logging/>"), "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf("<Logging><Version>1.0</Version><Read>true</Read><Write>true</Write>" +
                   std::string(kOff) + "</Logging>"),
            "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf("<HourMetrics><Version>1.0</Version><Enabled>true</Enabled>" +
                   std::string(kOff) + "</HourMetrics>"),
            "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf("<DeleteRetentionPolicy><Enabled>true</Enabled></DeleteRetentionPolicy>"),
            "MissingRequiredXmlNode");
  EXPECT_EQ(CodeOf(InCors("<CorsRule><AllowedOrigins>*</AllowedOrigins></CorsRule>")),
            "MissingRequiredXmlNode");
}

TEST(ServiceProperties, RetentionDaysAreLimited) {
  auto with_days = [](std::string_view days) {
    return "<DeleteRetentionPolicy><Enabled>true</Enabled><Days>" + std::string(days) +
           "</Days></DeleteRetentionPolicy>";
  };
  EXPECT_EQ(CodeOf(with_days("1")), "");
  EXPECT_EQ(CodeOf(with_days("365")), "");
  EXPECT_EQ(CodeOf(with_days("0")), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(with_days("366")), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf(with_days("-1")), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(with_days("many")), "InvalidXmlNodeValue");
  const auto refused = Merge(with_days("366"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().details()[0].second,
            "Retention days must be greater than 0 and less than or equal to 365 days.");
}

TEST(ServiceProperties, RefuseOtherDocuments) {
  EXPECT_EQ(CodeOf("<Other/>"), "UnsupportedXmlNode");
  EXPECT_EQ(CodeOf("<Cors/><Cors/>"), "InvalidXmlDocument");
  EXPECT_EQ(CodeOf("<StaticWebsite><Enabled>maybe</Enabled></StaticWebsite>"),
            "InvalidXmlNodeValue");
  const auto empty = MergeServiceProperties({}, "");
  ASSERT_FALSE(empty);
  EXPECT_EQ(InfoOf(empty.error().code).code, "InvalidXmlDocument");
}

// Found by xml_fuzz: an entry of a line break alone was one, and was lost when it was read again.
TEST(ServiceProperties, CorsEntriesHaveNoBlanksAround) {
  const auto read = Merge(InCors(Cors("http://a,\r\n http://b\n", "GET,\tPUT", "x-*,\r,,", "\n")));
  ASSERT_TRUE(read);
  const CorsRule& rule = read->cors.at(0);
  EXPECT_EQ(rule.allowed_origins, (std::vector<std::string>{"http://a", "http://b"}));
  EXPECT_EQ(rule.allowed_methods, (std::vector<std::string>{"GET", "PUT"}));
  EXPECT_EQ(rule.allowed_headers, (std::vector<std::string>{"x-*"}));
  EXPECT_EQ(rule.exposed_headers, std::vector<std::string>());
  const auto again = DecodeServiceProperties(RenderServiceProperties(*read));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, *read);
}

TEST(ServiceProperties, CorsRulesAreChecked) {
  EXPECT_EQ(CodeOf(InCors(Cors("http://a, http://b", "GET,PUT", "x-*,y-*,z", "*"))), "");
  EXPECT_EQ(CodeOf(InCors(Cors("*", "FETCH"))), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(InCors(Cors("", "GET"))), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(InCors(Cors("*", ""))), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(InCors(Cors("*", "GET", "", "", "-1"))), "InvalidXmlNodeValue");
  EXPECT_EQ(CodeOf(InCors(Cors("*", "GET", "a*,b*,c*"))), "InvalidXmlDocument");
  std::string five;
  for (int i = 0; i < 5; ++i) five += Cors();
  EXPECT_EQ(CodeOf(InCors(five)), "");
  EXPECT_EQ(CodeOf(InCors(five + Cors())), "InvalidXmlDocument");
}

TEST(ServiceProperties, CorsTextIsLimited) {
  const std::string origin = "http://" + std::string(249, 'o');
  EXPECT_EQ(CodeOf(InCors(Cors(origin))), "");
  EXPECT_EQ(CodeOf(InCors(Cors(origin + "o"))), "InvalidXmlNodeValue");
  // 7 commas, "GET" and "5": 2048 bytes with the origins, then one too many.
  const std::string seven = origin + "," + origin + "," + origin + "," + origin + "," + origin +
                            "," + origin + "," + origin;
  const std::string rest(2048 - seven.size() - 1 - 4, 'r');
  EXPECT_EQ(CodeOf(InCors(Cors(seven + "," + rest))), "");
  EXPECT_EQ(CodeOf(InCors(Cors(seven + "," + rest + "r"))), "InvalidXmlDocument");
}

// What an older program stored without these limits stays readable, and may stay.
TEST(ServiceProperties, LimitsAreForWhatChanges) {
  ServiceProperties old;
  old.cors = {{{std::string(300, 'o')}, {"GET"}, {}, {}, 5}};
  old.static_website.index_document = "a/b";
  old.default_service_version = "any";
  const auto read = DecodeServiceProperties(RenderServiceProperties(old));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, old);
  EXPECT_TRUE(Merge("<DefaultServiceVersion>2021-04-10</DefaultServiceVersion>", old));
  EXPECT_FALSE(Merge("<DefaultServiceVersion>2021-4-10</DefaultServiceVersion>", old));
  EXPECT_FALSE(
      Merge("<StaticWebsite><Enabled>true</Enabled><IndexDocument>c/d</IndexDocument>"
            "</StaticWebsite>",
            old));
}

TEST(ServiceProperties, AnalyticsHasTwoVersions) {
  auto metrics = [](std::string version) {
    return "<HourMetrics><Version>" + version + "</Version><Enabled>false</Enabled>" +
           std::string(kOff) + "</HourMetrics>";
  };
  EXPECT_EQ(CodeOf(metrics("2.0")), "");
  EXPECT_EQ(CodeOf(metrics("3.0")), "InvalidXmlNodeValue");
}

TEST(ServiceProperties, CorsListsLoseTheirBlanks) {
  const auto merged = Merge(InCors(Cors(" http://a , http://b ", "GET", "x , y")));
  ASSERT_TRUE(merged);
  ASSERT_EQ(merged->cors.size(), 1u);
  EXPECT_EQ(merged->cors[0].allowed_origins, (std::vector<std::string>{"http://a", "http://b"}));
  EXPECT_EQ(merged->cors[0].allowed_headers, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(merged->cors[0].max_age_seconds, 5u);
}

}  // namespace
}  // namespace blobgate::azure
