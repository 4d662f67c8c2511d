#include "blob/conditions.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace blobgate::blob {
namespace {

using std::chrono::seconds;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint64_t kEtag = 0x8D9C0DFFF8A28B5;
constexpr std::string_view kOwn = "\"0x8D9C0DFFF8A28B5\"";
constexpr std::string_view kOther = "\"0x8D9C0DFFF8A28B6\"";
const Time kModified = *ParseIso8601("2026-01-15T12:00:00.5000000Z");
const Tags kTags = {{"k", "v"}};

ConditionSubject Subject() {
  return {kEtag, kModified, &kTags};
}

std::string DateAt(int offset) {
  return FormatHttpDate(kModified + seconds(offset));
}

azure::Outcome<ConditionHeaders> Parse(const Pairs& pairs, std::string_view prefix = {}) {
  http::HeaderView headers;
  for (const auto& [name, value] : pairs) headers.Add(name, value);
  return ConditionHeaders::Parse(headers, prefix);
}

ConditionHeaders Make(const Pairs& pairs, std::string_view prefix = {}) {
  auto parsed = Parse(pairs, prefix);
  EXPECT_TRUE(parsed);
  return parsed ? *std::move(parsed) : ConditionHeaders{};
}

// "412 ConditionNotMet", or "" when it passed.
std::string Result(const azure::Outcome<void>& outcome) {
  if (outcome) return "";
  return std::to_string(outcome.error().http_status()) + " " +
         std::string(azure::InfoOf(outcome.error().code).code);
}

struct Case {
  std::string_view name;
  Pairs headers;
  std::string expected;
};

const std::string kFailed = "412 ConditionNotMet";
const std::string kSame = "304 ConditionNotMet";
const std::string kToo = "400 MultipleConditionHeadersNotSupported";

TEST(Conditions, EtagsHaveTheTraditionalForm) {
  EXPECT_EQ(EtagText(kEtag), kOwn);
  EXPECT_EQ(EtagTextUnquoted(kEtag), "0x8D9C0DFFF8A28B5");
  EXPECT_EQ(EtagTextUnquoted(0), "0x0");
  EXPECT_EQ(EtagTextUnquoted(~std::uint64_t{0}), "0xFFFFFFFFFFFFFFFF");
}

TEST(Conditions, ParseFindsThePrefixedHeaders) {
  const Pairs sent = {{"if-match", "\"a\""},
                      {"x-ms-source-if-match", "\"b\""},
                      {"x-ms-blob-if-match", "\"c\""},
                      {"x-ms-if-tags", "k = 'v'"},
                      {"x-ms-source-if-tags", "k = 'w'"}};
  EXPECT_EQ(Make(sent).if_match, "\"a\"");
  EXPECT_EQ(Make(sent, "x-ms-source-").if_match, "\"b\"");
  EXPECT_EQ(Make(sent, "x-ms-blob-").if_match, "\"c\"");
  EXPECT_EQ(Make(sent).if_tags, "k = 'v'");
  EXPECT_EQ(Make(sent, "x-ms-source-").if_tags, "k = 'w'");
  EXPECT_EQ(Make(sent, "x-ms-blob-").if_tags, "k = 'v'");
  EXPECT_TRUE(Make({{"x-ms-version", "1"}, {"If-Match", ""}}).empty());
}

TEST(Conditions, MalformedDatesAndExpressionsAreRefused) {
  for (const auto& [name, value] : Pairs{{"If-Modified-Since", "yesterday"},
                                         {"If-Unmodified-Since", DateAt(0) + ", " + DateAt(1)},
                                         {"x-ms-if-tags", "k ="},
                                         {"x-ms-if-tags", "@container = 'c'"}}) {
    const auto parsed = Parse({{name, value}});
    ASSERT_FALSE(parsed) << value;
    EXPECT_EQ(azure::InfoOf(parsed.error().code).code, "InvalidHeaderValue");
    EXPECT_EQ(parsed.error().details()[0].second, name);
  }
  EXPECT_FALSE(Parse({{"If-Modified-Since", DateAt(0)}, {"If-Modified-Since", DateAt(0)}}));
}

TEST(Conditions, Reads) {
  const std::string own(kOwn);
  const std::string other(kOther);
  const Case cases[] = {
      {"none", {}, ""},
      {"match", {{"If-Match", own}}, ""},
      {"match without quotes", {{"If-Match", "0x8D9C0DFFF8A28B5"}}, ""},
      {"match any", {{"If-Match", "*"}}, ""},
      {"match in a list", {{"If-Match", other + " , " + own}}, ""},
      {"match in repeated headers", {{"If-Match", other}, {"If-Match", own}}, ""},
      {"no match", {{"If-Match", other}}, kFailed},
      {"case matters", {{"If-Match", "\"0x8d9c0dfff8a28b5\""}}, kFailed},
      {"none-match, other", {{"If-None-Match", other}}, ""},
      {"none-match, own", {{"If-None-Match", own}}, kSame},
      {"none-match, own in a list", {{"If-None-Match", other + "," + own}}, kSame},
      {"none-match, any", {{"If-None-Match", "*"}}, "400 UnsatisfiableCondition"},
      {"modified since before", {{"If-Modified-Since", DateAt(-1)}}, ""},
      {"modified since the same second", {{"If-Modified-Since", DateAt(0)}}, kSame},
      {"modified since later", {{"If-Modified-Since", DateAt(1)}}, kSame},
      {"unmodified since before", {{"If-Unmodified-Since", DateAt(-1)}}, kFailed},
      {"unmodified since the same second", {{"If-Unmodified-Since", DateAt(0)}}, ""},
      {"one of two is enough", {{"If-None-Match", own}, {"If-Modified-Since", DateAt(-1)}}, ""},
      {"the other of two", {{"If-None-Match", other}, {"If-Modified-Since", DateAt(1)}}, ""},
      {"both fail", {{"If-None-Match", own}, {"If-Modified-Since", DateAt(1)}}, kSame},
      {"412 beats 304", {{"If-Match", other}, {"If-None-Match", own}}, kFailed},
      {"both demands must hold", {{"If-Match", own}, {"If-Unmodified-Since", DateAt(-1)}}, kFailed},
      {"tags", {{"x-ms-if-tags", "k = 'v'"}}, ""},
      {"other tags", {{"x-ms-if-tags", "k <> 'v'"}}, kFailed},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Result(CheckRead(Make(c.headers), Subject())), c.expected) << c.name;
  }
}

TEST(Conditions, Writes) {
  const std::string own(kOwn);
  const std::string other(kOther);
  const Case cases[] = {
      {"none", {}, ""},
      {"match", {{"If-Match", own}}, ""},
      {"match any", {{"If-Match", "*"}}, ""},
      {"no match", {{"If-Match", other}}, kFailed},
      {"none-match, other", {{"If-None-Match", other}}, ""},
      {"none-match, own", {{"If-None-Match", own}}, kFailed},
      {"none-match, any", {{"If-None-Match", "*"}}, "409 BlobAlreadyExists"},
      {"modified since before", {{"If-Modified-Since", DateAt(-1)}}, ""},
      {"modified since the same second", {{"If-Modified-Since", DateAt(0)}}, kFailed},
      {"unmodified since the same second", {{"If-Unmodified-Since", DateAt(0)}}, ""},
      {"unmodified since before", {{"If-Unmodified-Since", DateAt(-1)}}, kFailed},
      {"the ETag wins over the date", {{"If-Match", own}, {"If-Unmodified-Since", DateAt(-1)}}, ""},
      {"in the other pair too", {{"If-None-Match", other}, {"If-Modified-Since", DateAt(1)}}, ""},
      {"two ETags", {{"If-Match", own + "," + other}}, kToo},
      {"two pairs", {{"If-Match", own}, {"If-None-Match", other}}, kToo},
      {"dates of two pairs",
       {{"If-Modified-Since", DateAt(-1)}, {"If-Unmodified-Since", DateAt(1)}},
       kToo},
      {"tags", {{"x-ms-if-tags", "k = 'v'"}, {"If-Match", own}}, ""},
      {"other tags", {{"x-ms-if-tags", "k = 'w'"}, {"If-Match", own}}, kFailed},
  };
  const ConditionSubject subject = Subject();
  for (const Case& c : cases) {
    EXPECT_EQ(Result(CheckWrite(Make(c.headers), &subject, true)), c.expected) << c.name;
  }
  EXPECT_EQ(Result(CheckWrite(Make({{"If-None-Match", "*"}}), &subject, false)), kFailed);
}

TEST(Conditions, WritesToNothing) {
  const std::string own(kOwn);
  const Case cases[] = {
      {"none", {}, ""},
      {"match", {{"If-Match", own}}, kFailed},
      {"match any", {{"If-Match", "*"}}, kFailed},
      {"none-match any", {{"If-None-Match", "*"}}, ""},
      {"none-match", {{"If-None-Match", own}}, ""},
      {"dates", {{"If-Modified-Since", DateAt(0)}}, ""},
      {"tags", {{"x-ms-if-tags", "k = 'v'"}}, kFailed},
      {"two pairs", {{"If-Match", own}, {"If-None-Match", own}}, kToo},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(Result(CheckWrite(Make(c.headers), nullptr, true)), c.expected) << c.name;
  }
}

TEST(Conditions, SourcesFailAsTheirOperationSays) {
  constexpr auto kCopy = azure::ErrorCode::kSourceConditionNotMet;
  constexpr auto kFromUrl = azure::ErrorCode::kCannotVerifyCopySource;
  const auto demand = Make({{"x-ms-source-if-match", std::string(kOther)}}, "x-ms-source-");
  const auto news = Make({{"x-ms-source-if-none-match", std::string(kOwn)}}, "x-ms-source-");
  const auto date = Make({{"x-ms-source-if-modified-since", DateAt(0)}}, "x-ms-source-");
  EXPECT_EQ(Result(CheckSource(demand, Subject(), kCopy)), "412 SourceConditionNotMet");
  EXPECT_EQ(Result(CheckSource(news, Subject(), kCopy)), "412 SourceConditionNotMet");
  EXPECT_EQ(Result(CheckSource(demand, Subject(), kFromUrl)), "412 CannotVerifyCopySource");
  EXPECT_EQ(Result(CheckSource(news, Subject(), kFromUrl)), "304 CannotVerifyCopySource");
  EXPECT_EQ(Result(CheckSource(date, Subject(), kFromUrl)), "304 CannotVerifyCopySource");
  EXPECT_EQ(Result(CheckSource({}, Subject(), kFromUrl)), "");
}

TEST(Conditions, TagsAreNotLookedAtWithoutTags) {
  ConditionSubject container = Subject();
  container.tags = nullptr;
  const auto tags = Make({{"x-ms-if-tags", "k = 'other'"}});
  EXPECT_EQ(Result(CheckRead(tags, container)), "");
  EXPECT_EQ(Result(CheckWrite(tags, &container, false)), "");
}

TEST(Conditions, AMissingBlobOnlyBreaksIfMatch) {
  EXPECT_EQ(Result(CheckMissing(Make({{"If-Match", "*"}}))), kFailed);
  EXPECT_EQ(Result(CheckMissing(Make({{"If-None-Match", "*"}}))), "");
  EXPECT_EQ(Result(CheckMissing({})), "");
}

TEST(Conditions, OddEtagListsDoNotMatch) {
  for (std::string_view odd :
       {",", " , ,", "\"", "\"\"", "\"*\"", "\"*\",x", "W/\"0x8D9C0DFFF8A28B5\""}) {
    const auto match = Make({{"If-Match", std::string(odd)}});
    EXPECT_EQ(Result(CheckRead(match, Subject())), kFailed) << odd;
  }
}

}  // namespace
}  // namespace blobgate::blob
