#include "blob/tag_expression.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace blobgate::blob {
namespace {

const Tags kTags = {{"a b", "x"}, {"color", "red"}, {"size", "10"}};

bool Matches(std::string_view text) {
  const auto expression = TagExpression::Parse(text);
  EXPECT_TRUE(expression) << text << ": " << expression.error().detail;
  return expression && expression->Matches(kTags);
}

TEST(TagExpression, Operators) {
  EXPECT_TRUE(Matches("color = 'red'"));
  EXPECT_FALSE(Matches("color = 'Red'"));
  EXPECT_TRUE(Matches("color <> 'blue'"));
  EXPECT_FALSE(Matches("color <> 'red'"));
  EXPECT_TRUE(Matches("color > 'blue'"));
  EXPECT_TRUE(Matches("color >= 'red'"));
  EXPECT_FALSE(Matches("color < 'red'"));
  EXPECT_TRUE(Matches("color <= 'red'"));
}

TEST(TagExpression, ValuesCompareAsText) {
  EXPECT_TRUE(Matches("size < '9'"));
  EXPECT_FALSE(Matches("size > '9'"));
}

TEST(TagExpression, KeysMayBeQuoted) {
  EXPECT_TRUE(Matches("\"color\"='red'"));
  EXPECT_TRUE(Matches("  \"a b\"  =  'x'  "));
  EXPECT_FALSE(Matches("Color = 'red'"));
}

TEST(TagExpression, AMissingKeyIsFalseWhateverTheOperator) {
  for (std::string_view op : {"=", "<>", "<", "<=", ">", ">="}) {
    EXPECT_FALSE(Matches("nothing " + std::string(op) + " 'x'")) << op;
  }
}

TEST(TagExpression, AndBindsTighterThanOr) {
  EXPECT_TRUE(Matches("color = 'red' OR color = 'blue' AND size = '0'"));
  EXPECT_FALSE(Matches("(color = 'red' OR color = 'blue') AND size = '0'"));
  EXPECT_TRUE(Matches("color = 'blue' and size = '0' or size = '10'"));
  EXPECT_TRUE(Matches("(((color='red')))AND(size='10')"));
}

TEST(TagExpression, KeywordsMayBeKeys) {
  const auto expression = TagExpression::Parse("and = '1' AND or = '2'");
  ASSERT_TRUE(expression);
  EXPECT_TRUE(expression->Matches({{"and", "1"}, {"or", "2"}}));
}

TEST(TagExpression, RefusesAnythingElse) {
  for (std::string_view text : {"",
                                " ",
                                "color",
                                "color =",
                                "color = red",
                                "color = \"red\"",
                                "= 'red'",
                                "color == 'red'",
                                "color = 'red",
                                "\"color = 'red'",
                                "\"\" = 'x'",
                                "color = 'red' AND",
                                "AND color = 'red'",
                                "color = 'red' size = '1'",
                                "color = 'red' ANDsize = '1'",
                                "(color = 'red'",
                                "color = 'red')",
                                "()",
                                "NOT color = 'red'",
                                "@container = 'c'",
                                "color = 'red';",
                                "color LIKE 'r%'"}) {
    const auto expression = TagExpression::Parse(text);
    ASSERT_FALSE(expression) << text;
    EXPECT_EQ(expression.error().code, Errc::kInvalidArgument) << text;
    EXPECT_FALSE(expression.error().detail.empty()) << text;
  }
}

std::string Chain(int comparisons) {
  std::string text = "a = 'b'";
  for (int i = 1; i < comparisons; ++i) text += " OR a = 'b'";
  return text;
}

std::string Nested(int levels) {
  return std::string(static_cast<std::size_t>(levels), '(') + "a = 'b'" +
         std::string(static_cast<std::size_t>(levels), ')');
}

TEST(TagExpression, Limits) {
  EXPECT_TRUE(TagExpression::Parse(Chain(10)));
  EXPECT_FALSE(TagExpression::Parse(Chain(11)));
  EXPECT_TRUE(TagExpression::Parse(Nested(16)));
  EXPECT_FALSE(TagExpression::Parse(Nested(17)));
  EXPECT_FALSE(TagExpression::Parse(Nested(100'000)));
}

TEST(TagExpression, RandomTokensNeverDoHarm) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  constexpr std::string_view kTokens[] = {"(", ")", " AND ", " OR ",  "color", "\"",   "'",
                                          "=", "<", ">",     "'red'", " ",     "\xFF", "a"};
  int parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = round % 2 == 0 ? "color = 'red'" : "";
    for (auto i = random() % 8; i > 0; --i) text += kTokens[random() % std::size(kTokens)];
    if (auto expression = TagExpression::Parse(text)) {
      ++parsed;
      (void)expression->Matches(kTags);
    }
  }
  EXPECT_GT(parsed, 0);
}

TEST(TagQuery, KeepsItsComparisons) {
  const auto query = ParseTagQuery("@container = 'c' AND \"a b\" >= '1' and n<'2'");
  ASSERT_TRUE(query);
  ASSERT_EQ(query->size(), 3u);
  EXPECT_EQ((*query)[0].key, "@container");
  EXPECT_EQ((*query)[1].key, "a b");
  EXPECT_EQ((*query)[1].op, TagComparison::Op::kGreaterEqual);
  EXPECT_EQ((*query)[2].value, "2");
}

TEST(TagQuery, RefusesWhatOnlyConditionsKnow) {
  for (const char* text : {"", "a<>'1'", "a='1' OR b='2'", "(a='1')", "@container<'c'",
                           "@other='c'", "a='1' AND", "AND a='1'", "a='1' AND (b='2')"}) {
    EXPECT_FALSE(ParseTagQuery(text)) << text;
  }
  EXPECT_FALSE(TagExpression::Parse("@container='c'"));
}

}  // namespace
}  // namespace blobgate::blob
