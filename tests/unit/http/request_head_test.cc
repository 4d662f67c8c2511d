#include "http/request_head.h"

#include <gtest/gtest.h>

#include <optional>
#include <utility>

namespace blobgate::http {
namespace {

TEST(HeaderView, FindsWithoutCase) {
  HeaderView headers;
  headers.Add("Content-Type", "text/plain");
  headers.Add("X-Ms-Version", "2024-11-04");
  EXPECT_EQ(headers.Find("content-type"), "text/plain");
  EXPECT_EQ(headers.Get("x-ms-version"), "2024-11-04");
  EXPECT_EQ(headers.Find("x-ms-versio"), std::nullopt);
  EXPECT_EQ(headers.Get("absent"), "");
}

TEST(HeaderView, TakesTheFirstAndCountsAll) {
  HeaderView headers;
  headers.Add("a", "1");
  headers.Add("A", "2");
  headers.Add("b", "");
  EXPECT_EQ(headers.Find("A"), "1");
  EXPECT_EQ(headers.Count("a"), 2u);
  EXPECT_EQ(headers.Count("c"), 0u);
  EXPECT_TRUE(headers.Has("B"));
  headers.Clear();
  EXPECT_FALSE(headers.Has("a"));
}

TEST(Query, DecodesNamesAndValuesInOrder) {
  const auto query = Query::Parse("comp=block&na%6De=a%20b%2Fc&flag&empty=&=x&a=b=c");
  ASSERT_TRUE(query);
  const std::vector<Query::Param> expected{{"comp", "block"}, {"name", "a b/c"}, {"flag", ""},
                                           {"empty", ""},     {"", "x"},         {"a", "b=c"}};
  EXPECT_EQ(query->params(), expected);
  EXPECT_EQ(query->Find("COMP"), "block");
  EXPECT_EQ(query->Find("absent"), std::nullopt);
}

TEST(Query, PlusIsASpaceExceptInBase64Parameters) {
  const auto query = Query::Parse("q=a+b&sig=a+b%2Bc&BlockId=d+e&n+m=1");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->Get("q"), "a b");
  EXPECT_EQ(query->Get("sig"), "a+b+c");
  EXPECT_EQ(query->Get("blockid"), "d+e");
  EXPECT_EQ(query->Get("n m"), "1");
}

TEST(Query, SkipsEmptyPairs) {
  const auto query = Query::Parse("&&a=1&&");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->params().size(), 1u);
  EXPECT_TRUE(Query::Parse("")->params().empty());
}

TEST(Query, CopiesLiveOnTheirOwn) {
  std::optional<Query> first = Query::Parse("a=%41");
  const Query copy = *first;
  const Query moved = std::move(*first);
  first.reset();
  EXPECT_EQ(copy.Get("a"), "A");
  EXPECT_EQ(moved.Get("a"), "A");
}

TEST(JoinedName, IsOneName) {
  EXPECT_TRUE(IsJoinedName("X-Ms-Blob-Type", "x-ms-", "blob-type"));
  EXPECT_TRUE(IsJoinedName("etag", "", "ETag"));
  for (const auto* name :
       {"x-ms-blob-typ", "x-ms-blob-types", "y-ms-blob-type", "x-ms-clob-type"}) {
    EXPECT_FALSE(IsJoinedName(name, "x-ms-", "blob-type")) << name;
  }
}

TEST(Query, RefusesMalformedEscapes) {
  for (const auto* raw : {"a=%", "a=%4", "a=%zz", "%=1", "a=1&b=%G0"}) {
    EXPECT_FALSE(Query::Parse(raw)) << raw;
  }
}

TEST(Query, RefusesTooManyParameters) {
  std::string raw;
  for (std::size_t i = 0; i < Query::kMaxParams; ++i) raw += "a&";
  EXPECT_TRUE(Query::Parse(raw));
  EXPECT_FALSE(Query::Parse(raw + "a"));
}

TEST(SplitTarget, SplitsAtTheFirstMark) {
  RequestHead head;
  head.target = "/acct/c/b%3Fx?comp=list&prefix=a?b";
  ASSERT_TRUE(SplitTarget(head));
  EXPECT_EQ(head.path, "/acct/c/b%3Fx");
  EXPECT_EQ(head.raw_query, "comp=list&prefix=a?b");
  EXPECT_EQ(head.query.Get("prefix"), "a?b");
}

TEST(SplitTarget, ForgetsAnEarlierQuery) {
  RequestHead head;
  head.target = "/a?b=1";
  ASSERT_TRUE(SplitTarget(head));
  head.target = "/a";
  ASSERT_TRUE(SplitTarget(head));
  EXPECT_EQ(head.raw_query, "");
  EXPECT_TRUE(head.query.params().empty());
}

TEST(SplitTarget, RefusesOtherForms) {
  for (const auto* target : {"", "*", "a/b", "http://h/", "?a=b", "/a?b=%x"}) {
    RequestHead head;
    head.target = target;
    EXPECT_FALSE(SplitTarget(head)) << target;
  }
}

}  // namespace
}  // namespace blobgate::http
