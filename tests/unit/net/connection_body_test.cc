#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/net/connection_harness.h"

namespace blobgate::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
const std::string kChunked = "PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string Put(std::size_t length, const std::string& fields = {}) {
  return "PUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n" +
         fields + "\r\n";
}

Task<http::Response> Ignore(const http::RequestHead& head, http::BodyReader&) {
  co_return Text(403, "ignored " + std::string(head.path));
}

TEST(ConnectionBody, SendsContinueOnTheFirstRead) {
  ConnectionHarness harness(Echo);
  harness.Send(Put(3, "Expect: 100-continue\r\n"));
  EXPECT_EQ(harness.Receive(), kContinue);
  harness.Send("ab");
  EXPECT_EQ(harness.Receive(), "");
  harness.Send("c");
  EXPECT_THAT(harness.Receive(), EndsWith("PUT /b|abc"));
  harness.Send(kGet);
  EXPECT_THAT(harness.Receive(), EndsWith("GET /a|"));
}

TEST(ConnectionBody, NeedNotContinueWhenTheBodyIsThere) {
  ConnectionHarness harness(Echo);
  harness.Send(Put(3, "Expect: 100-continue\r\n") + "abc");
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(answer, EndsWith("PUT /b|abc"));
}

TEST(ConnectionBody, RefusalInsteadOfContinueCloses) {
  ConnectionHarness harness(Ignore);
  harness.Send(Put(3, "Expect: 100-continue\r\n"));
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(harness.closed());
  harness.Send("abc");  // a client may send it all the same
  harness.EndSend();
  EXPECT_TRUE(harness.ended());
}

TEST(ConnectionBody, DropsASmallUnreadBody) {
  ConnectionHarness harness(Ignore);
  harness.Send(Put(100'000) + std::string(99'999, 'x'));
  EXPECT_EQ(harness.Receive(), "");
  harness.Send("x" + kChunked + "5\r\nhello\r\n0\r\n\r\n" + kGet);
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, HasSubstr("ignored /b"));
  EXPECT_THAT(answer, HasSubstr("ignored /c"));
  EXPECT_THAT(answer, HasSubstr("ignored /a"));
  EXPECT_THAT(answer, Not(HasSubstr("Connection: close")));
  EXPECT_FALSE(harness.closed());
}

TEST(ConnectionBody, AnswersBeforeALargeUnreadBodyAndCloses) {
  Limits limits = Patient();
  limits.drain_bytes = 1000;
  ConnectionHarness harness(Ignore, limits);
  harness.Send(Put(1001));
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(harness.closed());
  harness.Send(std::string(1001, 'x'));
  EXPECT_FALSE(harness.ended()) << "closing now would reset the connection";
  harness.EndSend();
  EXPECT_TRUE(harness.ended());
}

TEST(ConnectionBody, ClosesWhenAnUnreadChunkedBodyGoesOn) {
  Limits limits = Patient();
  limits.drain_bytes = 1000;
  limits.linger_bytes = 5000;
  ConnectionHarness harness(Ignore, limits);
  harness.Send(kChunked + "fffff\r\n" + std::string(1000, 'x'));
  EXPECT_EQ(harness.Receive(), "");
  harness.Send("x");
  EXPECT_THAT(harness.Receive(), HasSubstr("Connection: close\r\n"));
  EXPECT_FALSE(harness.ended());
  harness.Send(std::string(5000, 'x'));
  EXPECT_TRUE(harness.ended()) << "lingers for no more than linger_bytes";
}

TEST(ConnectionBody, RefusesHostileChunks) {
  for (const std::string& chunks :
       {std::string("zz\r\n"), std::string("-1\r\na"), std::string("fffffffffffffffff\r\n"),
        std::string("2\r\nabc\r\n"), std::string("1\na"), std::string("0\r\n folded\r\n\r\n")}) {
    ConnectionHarness harness(Echo);
    harness.Send(kChunked + chunks + kGet);
    const std::string answer = harness.Receive();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400")) << chunks;
    EXPECT_THAT(answer, HasSubstr("InvalidArgument"));
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("GET /a|")));
    EXPECT_TRUE(harness.closed());
  }
}

TEST(ConnectionBody, BoundsAChunkedBody) {
  Limits limits = Patient();
  limits.body_bytes = 10;
  ConnectionHarness harness(Echo, limits);
  harness.Send(kChunked + "ffffffffffffffff\r\n" + std::string(11, 'x'));
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, EndsWith("TooLarge"));
  EXPECT_TRUE(harness.closed());
}

TEST(ConnectionBody, AClientThatEndsEarlyIsAnError) {
  ConnectionHarness harness(Echo);
  harness.Send(Put(5) + "abc");
  harness.EndSend();
  EXPECT_THAT(harness.Receive(), EndsWith("Disconnected"));
  EXPECT_TRUE(harness.ended());
}

TEST(ConnectionBody, ErrorsStay) {
  std::vector<Errc> codes;
  ConnectionHarness harness([&](const auto&, http::BodyReader& body) -> Task<http::Response> {
    std::byte buffer[8];
    for (int i = 0; i < 3; ++i) {
      const auto got = co_await body.Read(buffer);
      codes.push_back(got ? Errc::kInternal : got.error().code);
    }
    co_return Text(400, "");
  });
  harness.Send(kChunked + "x\r\n");
  EXPECT_EQ(codes, std::vector<Errc>(3, Errc::kInvalidArgument));
}

TEST(ConnectionBody, ReadsPastTheEndAreTheEnd) {
  std::vector<std::size_t> sizes;
  ConnectionHarness harness([&](const auto&, http::BodyReader& body) -> Task<http::Response> {
    std::byte buffer[2];
    for (int i = 0; i < 4; ++i) sizes.push_back((co_await body.Read(buffer)).value());
    co_return Text(200, "");
  });
  harness.Send(Put(3) + "abc" + kGet);
  const std::vector<std::size_t> expected{2, 1, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(sizes, expected);
}

// The views of the head must survive whatever the body does to the buffer.
TEST(ConnectionBody, TheHeadStaysWhileTheBodyIsRead) {
  ConnectionHarness harness(
      [](const http::RequestHead& head, http::BodyReader& body) -> Task<http::Response> {
        const auto all = co_await ReadAll(body, 100);
        co_return Text(200, std::string(head.headers.Get("long")) + std::string(head.path) +
                                std::to_string(all.value().size()));
      });
  const std::string value(8000, 'v');
  harness.Send("PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nLong: " + value +
               "\r\n\r\n");
  std::string chunk;
  for (int i = 0; i < 3000; ++i) chunk += "5;e\r\nhello\r\n";
  for (std::size_t at = 0; at < chunk.size(); at += 777) harness.Send(chunk.substr(at, 777));
  EXPECT_EQ(harness.Receive(), "") << "the body goes on";
  harness.Send("0\r\n\r\n" + kGet);
  EXPECT_THAT(harness.Receive(), HasSubstr(value + "/c15000"));
}

TEST(ConnectionBody, LargeBodiesGoStraightThrough) {
  const std::string large(3'000'000, 'q');
  ConnectionHarness harness([&](const auto&, http::BodyReader& body) -> Task<http::Response> {
    const auto all = co_await ReadAll(body, 256 * 1024);
    co_return Text(200, all.value() == large ? "same" : "different");
  });
  harness.Send(Put(large.size()) + large + Put(large.size()) + large);
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, EndsWith("same"));
  EXPECT_THAT(answer, Not(HasSubstr("different")));
}

}  // namespace
}  // namespace blobgate::net
