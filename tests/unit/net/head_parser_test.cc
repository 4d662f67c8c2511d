#include "net/head_parser.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::net {
namespace {

using State = HeadScanner::State;

struct Parsed {
  std::string text;  // what the views point into
  http::RequestHead head;
  HeadTraits traits;
  HeadError error;
};

// On the heap: the views must not move.
std::unique_ptr<Parsed> Parse(std::string text, Limits limits = {}) {
  auto parsed = std::make_unique<Parsed>();
  parsed->text = std::move(text);
  parsed->error = ParseHead(parsed->text, limits, parsed->head, parsed->traits);
  return parsed;
}

unsigned StatusOf(std::string text) {
  HeadScanner scanner;
  if (scanner.Scan(text) == State::kMalformed) return 400;
  return Parse(std::move(text))->error.status;
}

std::string WithField(const std::string& field) {
  return "PUT /a HTTP/1.1\r\nHost: h\r\n" + field + "\r\n\r\n";
}

TEST(HeadParser, CollectsViews) {
  const auto parsed = Parse(
      "PUT /c/b?comp=block HTTP/1.1\r\nHost: a.blob.localhost:10000\r\nContent-Length: 12\r\n"
      "X-Empty:\r\nx-ms-meta-a: \t v w \t\r\n\r\n");
  ASSERT_FALSE(parsed->error) << parsed->error.why;
  const auto& head = parsed->head;
  EXPECT_EQ(head.method, "PUT");
  EXPECT_EQ(head.path, "/c/b");
  EXPECT_EQ(head.query.Get("comp"), "block");
  EXPECT_EQ(head.host(), "a.blob.localhost:10000");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_EQ(head.headers.Find("x-empty"), "");
  EXPECT_EQ(head.headers.Get("x-ms-meta-a"), "v w");
  EXPECT_FALSE(head.chunked);
  EXPECT_TRUE(parsed->traits.keep_alive);
  const auto* const value = head.headers.Get("x-ms-meta-a").data();
  EXPECT_TRUE(value >= parsed->text.data() && value < parsed->text.data() + parsed->text.size());
}

TEST(HeadParser, ForgetsTheHeadBefore) {
  http::RequestHead head;
  HeadTraits traits;
  const std::string first = WithField("Content-Length: 5");
  const std::string second = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  ASSERT_FALSE(ParseHead(first, {}, head, traits));
  ASSERT_FALSE(ParseHead(second, {}, head, traits));
  EXPECT_EQ(head.content_length, std::nullopt);
  EXPECT_EQ(head.headers.fields().size(), 1u);
}

TEST(HeadParser, PassesObsText) {
  const auto parsed = Parse(WithField("x-ms-meta-a: \xc3\xa4\xff"));
  ASSERT_FALSE(parsed->error);
  EXPECT_EQ(parsed->head.headers.Get("x-ms-meta-a"), "\xc3\xa4\xff");
}

TEST(HeadParser, ReadsChunkedWithoutCase) {
  const auto parsed = Parse(WithField("Transfer-Encoding: Chunked"));
  ASSERT_FALSE(parsed->error);
  EXPECT_TRUE(parsed->head.chunked);
  EXPECT_TRUE(parsed->head.has_body());
}

TEST(HeadParser, RefusesAmbiguousBodies) {
  EXPECT_EQ(StatusOf(WithField("Content-Length: 5\r\nTransfer-Encoding: chunked")), 400u);
  EXPECT_EQ(StatusOf(WithField("Transfer-Encoding: chunked\r\nContent-Length: 5")), 400u);
  EXPECT_EQ(StatusOf(WithField("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")), 400u);
  EXPECT_EQ(StatusOf("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400u);
}

TEST(HeadParser, RefusesContentLengthsOfTwoReadings) {
  for (const auto* value : {"5, 5", "5,6", "+5", "-5", "0x5", "5 5", "", "5;", "1e3", "5.",
                            "18446744073709551616", "99999999999999999999999"}) {
    EXPECT_EQ(StatusOf(WithField(std::string("Content-Length: ") + value)), 400u) << value;
  }
  EXPECT_EQ(StatusOf(WithField("Content-Length: 5\r\nContent-Length: 5")), 400u);
  EXPECT_EQ(StatusOf(WithField("Content-Length: 5\r\ncontent-length: 6")), 400u);
}

TEST(HeadParser, RefusesOtherTransferCodings) {
  for (const auto* value :
       {"gzip", "identity", "gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked;a=b",
        "xchunked", "", "\"chunked\"", "chunked,"}) {
    EXPECT_EQ(StatusOf(WithField(std::string("Transfer-Encoding: ") + value)), 501u) << value;
  }
}

TEST(HeadParser, RefusesBodiesPastTheLimit) {
  Limits limits;
  limits.body_bytes = 10;
  EXPECT_EQ(Parse(WithField("Content-Length: 10"), limits)->error.status, 0u);
  EXPECT_EQ(Parse(WithField("Content-Length: 11"), limits)->error.status, 413u);
}

TEST(HeadParser, RefusesMalformedLines) {
  const std::string nul(1, '\0');
  for (const std::string& field :
       {std::string("Host : x"), std::string("A B: c"), std::string(": v"), std::string("NoColon"),
        std::string(" Folded: x"), std::string("A: b\r\n folded"), std::string("A: b\r\n\tfolded"),
        std::string("A: b\nB: c"), std::string("A: b\rB: c"), std::string("A: b\r\r\nB: c"),
        "A: b" + nul + "c", "A" + nul + ": b", std::string("A: \x01"), std::string("A: \x7f"),
        std::string("A\xc3\xa4: b"), std::string("A(: b"), std::string("\x0b: b")}) {
    EXPECT_EQ(StatusOf(WithField(field)), 400u) << testing::PrintToString(field);
  }
}

TEST(HeadParser, RefusesMalformedRequestLines) {
  const std::string rest = "\r\nHost: h\r\n\r\n";
  for (const auto* line :
       {"GET  / HTTP/1.1", "GET /", "GET", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "GET / a HTTP/1.1",
        "G(T / HTTP/1.1", "GET / http/1.1", "GET / HTTP/1", "GET / HTTP/11", "GET / HTTPS/1.1",
        "GET\t/ HTTP/1.1", "GET /\x01 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET /a#b HTTP/1.1",
        "GET a HTTP/1.1", "GET  HTTP/1.1", "\x16\x03\x01", "GET /?a=%zz HTTP/1.1"}) {
    EXPECT_EQ(StatusOf(line + rest), 400u) << line;
  }
}

TEST(HeadParser, RefusesOtherVersions) {
  EXPECT_EQ(StatusOf("PRI * HTTP/2.0\r\n\r\n"), 505u);
  EXPECT_EQ(StatusOf("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505u);
  EXPECT_EQ(StatusOf("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), 505u);
  EXPECT_EQ(StatusOf("GET / HTTP/0.9\r\nHost: h\r\n\r\n"), 505u);
}

TEST(HeadParser, WantsOneHost) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n\r\n"), 400u);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400u);
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), 400u);
  for (const auto* host :
       {"a b", "a/b", "a@b", "a,b", "a?b", "a\\b", "\xc3\xa4", "a:b", "a:80x", "[::1", "[::1]:x"}) {
    EXPECT_EQ(StatusOf(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n"), 400u) << host;
  }
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"), 0u);
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\n\r\n"), 0u);
}

TEST(HeadParser, AcceptsAbsoluteTargetsOfTheSameHost) {
  const auto parsed = Parse("GET http://A.example:80/x?y=1 HTTP/1.1\r\nHost: a.example:80\r\n\r\n");
  ASSERT_FALSE(parsed->error);
  EXPECT_EQ(parsed->head.target, "/x?y=1");
  EXPECT_EQ(parsed->head.path, "/x");
  for (const auto* target : {"http://b/x", "http://h", "http:///x", "ftp://h/x", "http://u@h/x",
                             "h:443", "http://h?a=b", "//"}) {
    const auto text = std::string("GET ") + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
    EXPECT_EQ(StatusOf(text), std::string_view(target) == "//" ? 0u : 400u) << target;
  }
}

TEST(HeadParser, AsteriskIsForOptionsOnly) {
  EXPECT_EQ(StatusOf("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), 400u);
  const auto parsed = Parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_FALSE(parsed->error);
  EXPECT_EQ(parsed->head.path, "*");
}

TEST(HeadParser, LimitsTheNumberOfFields) {
  Limits limits;
  limits.max_headers = 3;
  EXPECT_EQ(Parse(WithField("A: 1\r\nB: 2"), limits)->error.status, 0u);
  EXPECT_EQ(Parse(WithField("A: 1\r\nB: 2\r\nC: 3"), limits)->error.status, 431u);
}

TEST(HeadParser, ReadsTheConnectionField) {
  EXPECT_TRUE(Parse(WithField("A: b"))->traits.keep_alive);
  EXPECT_FALSE(Parse(WithField("Connection: foo, Close"))->traits.keep_alive);
  EXPECT_FALSE(Parse("GET / HTTP/1.0\r\n\r\n")->traits.keep_alive);
  const auto old = Parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  EXPECT_TRUE(old->traits.keep_alive);
  EXPECT_TRUE(old->traits.http_1_0);
}

TEST(HeadParser, ExpectsOnlyWithABody) {
  EXPECT_TRUE(
      Parse(WithField("Content-Length: 1\r\nExpect: 100-Continue"))->traits.expect_continue);
  EXPECT_FALSE(Parse(WithField("Expect: 100-continue"))->traits.expect_continue);
  EXPECT_FALSE(Parse("PUT / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
                   ->traits.expect_continue);
}

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  const std::string head = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
  const std::string text = head + "GET /2";
  for (std::size_t first = 1; first <= text.size(); ++first) {
    HeadScanner scanner;
    State state = scanner.Scan(std::string_view(text).substr(0, first));
    EXPECT_EQ(state, first < head.size() ? State::kIncomplete : State::kComplete) << first;
    if (state == State::kIncomplete) state = scanner.Scan(text);
    EXPECT_EQ(state, State::kComplete);
    EXPECT_EQ(scanner.length(), head.size());
  }
}

TEST(HeadScanner, RefusesAsSoonAsItCan) {
  for (const auto* text : {"\n", "GET / HTTP/1.1\n", "GET / HTTP/1.1\r\n\n", "\x16\x03", " GET",
                           "GET / HTTP/1.1\r\n a", "\r\n", "{"}) {
    HeadScanner scanner;
    const std::string_view view(text);
    // A folded line is seen once its end is there.
    const std::string line = view.ends_with(" a") ? std::string(view) + "\r\n" : std::string(view);
    EXPECT_EQ(scanner.Scan(line), State::kMalformed) << testing::PrintToString(line);
  }
}

}  // namespace
}  // namespace blobgate::net
