// Slow clients. Each test shortens one timeout and waits for what it must lead to.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/net/connection_harness.h"

namespace blobgate::net {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr milliseconds kShort{20};
const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(ConnectionTimeout, ASlowHeadGets408) {
  Limits limits = Patient();
  limits.head_timeout = kShort;
  ConnectionHarness harness(Echo, limits);
  harness.Send("GET / HTTP/1.1\r\nHos");
  const std::string answer = harness.ReceiveToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 408"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
}

TEST(ConnectionTimeout, ASecondHeadHasTheSameLimit) {
  Limits limits = Patient();
  limits.head_timeout = kShort;
  ConnectionHarness harness(Echo, limits);
  harness.Send(kGet + "G");
  EXPECT_THAT(harness.ReceiveToEnd(), HasSubstr("HTTP/1.1 408"));
}

TEST(ConnectionTimeout, ASilentConnectionIsClosedSilently) {
  Limits limits = Patient();
  limits.head_timeout = kShort;
  ConnectionHarness harness(Echo, limits);
  EXPECT_EQ(harness.ReceiveToEnd(), "");
  harness.RunUntilEnded();
  EXPECT_TRUE(harness.ended());
}

TEST(ConnectionTimeout, AnIdleConnectionIsClosedSilently) {
  Limits limits = Patient();
  limits.idle_timeout = kShort;
  ConnectionHarness harness(Echo, limits);
  harness.Send(kGet);
  EXPECT_THAT(harness.ReceiveToEnd(), EndsWith("GET /a|"));
}

TEST(ConnectionTimeout, AStuckBodyIsAnErrorOfTheRead) {
  Limits limits = Patient();
  limits.body_timeout = kShort;
  for (const std::string& body : {std::string("Content-Length: 5\r\n\r\nab"),
                                  std::string("Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
                                  std::string("Transfer-Encoding: chunked\r\n\r\n5")}) {
    ConnectionHarness harness(Echo, limits);
    harness.Send("PUT /b HTTP/1.1\r\nHost: h\r\n" + body);
    const std::string answer = harness.ReceiveToEnd();
    EXPECT_THAT(answer, EndsWith("Timeout"));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
  }
}

TEST(ConnectionTimeout, AStuckUnreadBodyIsStillAnswered) {
  Limits limits = Patient();
  limits.body_timeout = kShort;
  ConnectionHarness harness(
      [](const auto&, auto&) -> Task<http::Response> { co_return Text(403, "no"); }, limits);
  harness.Send("PUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
  const std::string answer = harness.ReceiveToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
}

TEST(ConnectionTimeout, AClientThatDoesNotReadIsCut) {
  Limits limits = Patient();
  limits.body_timeout = kShort;
  bool told = false;
  ConnectionHarness harness(
      [&](const auto&, auto&) -> Task<http::Response> {
        http::Response response = Text(200, std::string(64 * 1024 * 1024, 'x'));
        response.on_sent = [&](const http::SendReport& report) { told = !report.complete; };
        co_return response;
      },
      limits);
  harness.SendAndReadNothing(kGet);
  EXPECT_TRUE(told);
}

TEST(ConnectionTimeout, ALingeringCloseEnds) {
  Limits limits = Patient();
  limits.linger_timeout = kShort;
  ConnectionHarness harness(Echo, limits);
  harness.Send("BAD\n");
  EXPECT_THAT(harness.Receive(), StartsWith("HTTP/1.1 400"));
  harness.RunUntilEnded();  // the client keeps its side open
  EXPECT_TRUE(harness.ended());
}

}  // namespace
}  // namespace blobgate::net
