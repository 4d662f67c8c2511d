#include "azure/cors.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::azure {
namespace {

CorsRule Rule(std::string origin, std::string method) {
  return {{std::move(origin)}, {std::move(method)}, {"x-ms-meta-*", "content-type"}, {}, 60};
}

http::HeaderView Headers(const NameValues& pairs) {
  http::HeaderView view;
  for (const auto& [name, value] : pairs) view.Add(name, value);
  return view;
}

Outcome<NameValues> Preflight(const std::vector<CorsRule>& rules, const NameValues& pairs) {
  return MatchPreflight(rules, Headers(pairs));
}

NameValues Ask(std::string origin, std::string method, std::string headers = {}) {
  NameValues pairs = {{"Origin", std::move(origin)},
                      {"Access-Control-Request-Method", std::move(method)}};
  if (!headers.empty()) pairs.emplace_back("Access-Control-Request-Headers", std::move(headers));
  return pairs;
}

std::string_view CodeOf(const Outcome<NameValues>& result) {
  return result ? std::string_view() : InfoOf(result.error().code).code;
}

TEST(CorsPreflight, AnswersTheFirstRuleThatFits) {
  const auto answer = Preflight({Rule("http://other", "PUT"), Rule("http://a", "PUT")},
                                Ask("http://a", "PUT", "X-Ms-Meta-Foo, Content-Type"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, (NameValues{{"Access-Control-Allow-Origin", "http://a"},
                                 {"Access-Control-Allow-Methods", "PUT"},
                                 {"Access-Control-Allow-Headers", "X-Ms-Meta-Foo, Content-Type"},
                                 {"Access-Control-Max-Age", "60"},
                                 {"Access-Control-Allow-Credentials", "true"}}));
}

TEST(CorsPreflight, AllOriginsHaveNoCredentials) {
  const auto answer = Preflight({Rule("*", "GET")}, Ask("http://a", "GET"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, (NameValues{{"Access-Control-Allow-Origin", "*"},
                                 {"Access-Control-Allow-Methods", "GET"},
                                 {"Access-Control-Max-Age", "60"}}));
}

TEST(CorsPreflight, NoLaterRuleIsTriedForHeaders) {
  CorsRule generous = Rule("*", "GET");
  generous.allowed_headers = {"*"};
  const auto ask = Ask("http://a", "GET", "x-other");
  EXPECT_EQ(CodeOf(Preflight({Rule("http://a", "GET"), generous}, ask)), "CorsPreflightFailure");
  EXPECT_EQ(CodeOf(Preflight({generous}, ask)), "");
}

TEST(CorsPreflight, Refusals) {
  EXPECT_EQ(CodeOf(Preflight({}, Ask("http://a", "GET"))), "CorsPreflightFailure");
  EXPECT_EQ(CodeOf(Preflight({Rule("http://a", "GET")}, Ask("http://A", "GET"))),
            "CorsPreflightFailure");
  EXPECT_EQ(CodeOf(Preflight({Rule("http://a", "GET")}, Ask("http://a", "PUT"))),
            "CorsPreflightFailure");
  EXPECT_EQ(CodeOf(Preflight({Rule("*", "GET")}, Ask("", "GET"))), "InvalidHeaderValue");
  EXPECT_EQ(CodeOf(Preflight({Rule("*", "GET")}, {{"Origin", "http://a"}})), "InvalidHeaderValue");
}

// Every row of the table for GET and HEAD in operations.md 1.19.
TEST(CorsActual, FollowsTheTable) {
  const CorsRule named = Rule("http://a", "GET");
  CorsRule all = Rule("*", "GET");
  all.exposed_headers = {"ETag"};
  struct Row {
    std::string origin;
    std::vector<CorsRule> rules;
    bool vary;
    std::string allow;
    bool expose;
  };
  const Row rows[] = {{"", {}, false, "", false},
                      {"", {named}, true, "", false},
                      {"", {all}, false, "*", true},
                      {"http://a", {}, false, "", false},
                      {"http://a", {named}, true, "http://a", false},
                      {"http://b", {named}, true, "", false},
                      {"http://a", {all}, false, "*", true}};
  for (const Row& row : rows) {
    NameValues request;
    if (!row.origin.empty()) request.emplace_back("Origin", row.origin);
    const NameValues answer = MatchActual(row.rules, "GET", Headers(request), {});
    std::string allow;
    bool vary = false;
    bool expose = false;
    for (const auto& [name, value] : answer) {
      if (name == "Access-Control-Allow-Origin") allow = value;
      vary = vary || (name == "Vary" && value == "Origin");
      expose = expose || name == "Access-Control-Expose-Headers";
    }
    EXPECT_EQ(allow, row.allow) << row.origin << row.rules.size();
    EXPECT_EQ(vary, row.vary) << row.origin << row.rules.size();
    EXPECT_EQ(expose, row.expose) << row.origin << row.rules.size();
  }
}

TEST(CorsActual, OtherMethodsNeverVary) {
  const auto answer =
      MatchActual({Rule("http://a", "PUT")}, "PUT", Headers({{"Origin", "http://a"}}), {});
  EXPECT_EQ(answer, (NameValues{{"Access-Control-Allow-Origin", "http://a"},
                                {"Access-Control-Allow-Credentials", "true"}}));
  EXPECT_TRUE(
      MatchActual({Rule("http://b", "PUT")}, "PUT", Headers({{"Origin", "http://a"}}), {}).empty());
}

TEST(CorsActual, PrefixesBecomeTheHeadersOfTheAnswer) {
  CorsRule rule = Rule("*", "GET");
  rule.exposed_headers = {"x-ms-meta-*", "ETag"};
  const NameValues response = {{"X-Ms-Meta-A", "1"}, {"Content-Type", "t"}, {"x-ms-meta-b", "2"}};
  const NameValues answer = MatchActual({rule}, "GET", Headers({{"Origin", "http://a"}}), response);
  EXPECT_EQ(answer,
            (NameValues{{"Access-Control-Allow-Origin", "*"},
                        {"Access-Control-Expose-Headers", "X-Ms-Meta-A,x-ms-meta-b,ETag"}}));
}

TEST(CorsActual, EveryExposedNameOnce) {
  CorsRule rule = Rule("*", "GET");
  rule.exposed_headers = {"etag", "*"};
  const NameValues response = {{"ETag", "e"}, {"Date", "d"}, {"x-ms-meta-a", "1"}};
  const NameValues answer = MatchActual({rule}, "GET", Headers({}), response);
  ASSERT_EQ(answer.size(), 2u);
  EXPECT_EQ(answer[1].second, "etag,Date,x-ms-meta-a");
}

TEST(CorsPreflight, HostileLists) {
  CorsRule rule = Rule("*", "GET");
  for (const std::string headers : {",", ",,,,", " , ", "x-ms-meta-"}) {
    EXPECT_EQ(CodeOf(Preflight({rule}, Ask("http://a", "GET", headers))), "") << headers;
  }
  const std::string many(60000, ',');
  EXPECT_EQ(CodeOf(Preflight({rule}, Ask("http://a", "GET", many + "x"))), "CorsPreflightFailure");
  rule.allowed_headers.clear();
  EXPECT_EQ(CodeOf(Preflight({rule}, Ask("http://a", "GET", "x-ms-meta-a"))),
            "CorsPreflightFailure");
}

}  // namespace
}  // namespace blobgate::azure
