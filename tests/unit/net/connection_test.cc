#include "net/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "unit/net/connection_harness.h"

namespace blobgate::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Ok(const std::string& text) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text;
}

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

TEST(Connection, AnswersOneAfterAnother) {
  ConnectionHarness harness(Echo);
  harness.Send(kGet);
  EXPECT_EQ(harness.Receive(), Ok("GET /a|"));
  harness.Send("PUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nxyz");
  EXPECT_EQ(harness.Receive(), Ok("PUT /b|xyz"));
  EXPECT_FALSE(harness.closed());
  harness.EndSend();
  EXPECT_TRUE(harness.closed());
  EXPECT_TRUE(harness.ended());
  EXPECT_EQ(harness.Receive(), "");
}

TEST(Connection, TellsTheHandlerWhereItCameFrom) {
  ConnectionHarness harness(
      [](const http::RequestHead& head, http::BodyReader&) -> Task<http::Response> {
        co_return Text(200, std::string(head.peer) + " " + std::to_string(head.local_port) +
                                (head.secure ? " tls" : " plain"));
      });
  harness.Send(kGet);
  EXPECT_THAT(harness.Receive(), EndsWith("192.0.2.1 10000 plain"));
}

TEST(Connection, AnswersAPipeline) {
  ConnectionHarness harness(Echo);
  harness.Send(
      "PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nabGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
      "\r\nPUT /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ncd\r\n0\r\n\r\n" +
      kGet);
  EXPECT_EQ(harness.Receive(), Ok("PUT /1|ab") + Ok("GET /2|") + Ok("PUT /3|cd") + Ok("GET /a|"));
}

TEST(Connection, DoesNotCareHowBytesAreSplit) {
  const std::string text =
      "PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd"
      "PUT /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nefg\r\n1;x\r\nh\r\n"
      "0\r\nT: u\r\n\r\n" +
      kGet;
  const std::string expected = Ok("PUT /1|abcd") + Ok("PUT /2|efgh") + Ok("GET /a|");
  for (std::size_t split = 1; split < text.size(); ++split) {
    ConnectionHarness harness(Echo);
    harness.Send(std::string_view(text).substr(0, split));
    harness.Send(std::string_view(text).substr(split));
    EXPECT_EQ(harness.Receive(), expected) << split;
  }
  ConnectionHarness harness(Echo);
  for (const char c : text) harness.Send({&c, 1});
  EXPECT_EQ(harness.Receive(), expected);
}

TEST(Connection, ServesHttp10) {
  ConnectionHarness harness(Echo);
  harness.Send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(harness.Receive(),
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\nGET /a|");
  harness.Send("GET /b HTTP/1.0\r\n\r\n");
  EXPECT_EQ(harness.Receive(),
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nGET /b|");
  EXPECT_TRUE(harness.closed());
}

TEST(Connection, ClosesWhenAsked) {
  ConnectionHarness by_client(Echo);
  by_client.Send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(by_client.Receive(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(by_client.closed());
  ConnectionHarness by_handler([](const auto&, auto&) -> Task<http::Response> {
    http::Response response = Text(200, "x");
    response.close = true;
    co_return response;
  });
  by_handler.Send(kGet);
  EXPECT_THAT(by_handler.Receive(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(by_handler.closed());
}

TEST(Connection, SendsNoBodyWhereNoneBelongs) {
  ConnectionHarness harness([](const http::RequestHead& head, auto&) -> Task<http::Response> {
    http::Response response;
    response.status = head.path == "/204" ? 204 : head.path == "/304" ? 304 : 200;
    response.stream = std::make_unique<PieceSource>(std::vector<std::string>{"12345"});
    response.content_length = 5;
    co_return response;
  });
  harness.Send("HEAD /200 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(harness.Receive(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  harness.Send("GET /204 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(harness.Receive(), "HTTP/1.1 204 No Content\r\n\r\n");
  harness.Send("GET /304 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(harness.Receive(), "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  harness.Send("GET /200 HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(harness.Receive(), Ok("12345"));
}

TEST(Connection, StreamsPieces) {
  const std::string large(300'000, 'z');
  ConnectionHarness harness([&large](const auto&, auto&) -> Task<http::Response> {
    http::Response response;
    response.status = 200;
    response.stream = std::make_unique<PieceSource>(std::vector<std::string>{"ab", large, "c"});
    response.content_length = large.size() + 3;
    co_return response;
  });
  harness.Send(kGet + kGet);
  const std::string one = Ok("ab" + large + "c");
  EXPECT_TRUE(harness.Receive() == one + one);
}

/// Answers with `pieces`, however long they are.
FakeHandler::Function OfUnknownLength(std::vector<std::string> pieces, bool fails = false,
                                      http::SendReport* report = nullptr) {
  return [=](const auto&, auto&) -> Task<http::Response> {
    http::Response response;
    response.status = 200;
    response.stream = std::make_unique<PieceSource>(pieces, fails);
    response.length_unknown = true;
    response.on_sent = [report](const http::SendReport& r) {
      if (report) *report = r;
    };
    co_return response;
  };
}

TEST(Connection, SendsChunksOfABodyOfUnknownLength) {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  http::SendReport report;
  ConnectionHarness harness(OfUnknownLength({"ab", std::string(0x1000, 'z')}, false, &report));
  harness.Send(kGet + kGet);
  const std::string one = head + "2\r\nab\r\n1000\r\n" + std::string(0x1000, 'z') + "\r\n0\r\n\r\n";
  EXPECT_EQ(harness.Receive(), one + one);
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.body_bytes, 0x1002u);
  harness.Send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(harness.Receive(), head);
  ConnectionHarness empty(OfUnknownLength({}));
  empty.Send(kGet);
  EXPECT_EQ(empty.Receive(), head + "0\r\n\r\n");
}

TEST(Connection, EndsABodyOfUnknownLengthWithTheConnectionForHttp10) {
  ConnectionHarness harness(OfUnknownLength({"ab", "c"}));
  harness.Send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(harness.Receive(), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
  EXPECT_TRUE(harness.ended());
}

TEST(Connection, CutsABodyOfUnknownLengthThatFails) {
  http::SendReport report;
  report.complete = true;
  ConnectionHarness harness(OfUnknownLength({"abc"}, true, &report));
  harness.Send(kGet + kGet);
  EXPECT_THAT(harness.Receive(), EndsWith("\r\n\r\n3\r\nabc"));
  EXPECT_TRUE(harness.ended());
  EXPECT_FALSE(report.complete);
  EXPECT_EQ(report.body_bytes, 3u);
}

// A client must not take a short body for a whole one, nor bytes behind it for another response.
TEST(Connection, CutsWhenAStreamFails) {
  struct Case {
    std::vector<std::string> pieces;
    bool fails;
    std::string received;
  };
  for (const Case& test : {Case{{"abc"}, false, "abc"}, Case{{"abc"}, true, "abc"},
                           Case{{}, true, ""}, Case{{"abc", "toolong"}, false, "abc"}}) {
    http::SendReport report;
    report.complete = true;
    int calls = 0;
    ConnectionHarness harness([&](const auto&, auto&) -> Task<http::Response> {
      http::Response response;
      response.status = 200;
      response.stream = std::make_unique<PieceSource>(test.pieces, test.fails);
      response.content_length = 5;
      response.on_sent = [&](const http::SendReport& r) {
        report = r;
        ++calls;
      };
      co_return response;
    });
    harness.Send(kGet + kGet);
    EXPECT_THAT(harness.Receive(), EndsWith(test.received));
    EXPECT_TRUE(harness.ended());
    EXPECT_EQ(calls, 1);
    EXPECT_FALSE(report.complete);
    EXPECT_EQ(report.body_bytes, test.received.size());
  }
}

TEST(Connection, ReportsWhatWasSentAndReceived) {
  http::SendReport report;
  ConnectionHarness harness([&](const auto&, http::BodyReader& body) -> Task<http::Response> {
    const auto all = co_await ReadAll(body);
    http::Response response = Text(200, "answer");
    response.on_sent = [&](const http::SendReport& r) { report = r; };
    co_return response;
  });
  harness.Send("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nabcd");
  EXPECT_TRUE(report.complete);
  EXPECT_EQ(report.body_bytes, 6u);
  EXPECT_EQ(report.request_bytes, 4u);
}

TEST(Connection, ReportsAClientThatLeft) {
  bool complete = true;
  ConnectionHarness harness([&](const auto&, auto&) -> Task<http::Response> {
    http::Response response = Text(200, std::string(8 * 1024 * 1024, 'x'));
    response.on_sent = [&](const http::SendReport& r) { complete = r.complete; };
    co_return response;
  });
  harness.CloseClient();
  EXPECT_TRUE(harness.ended());
  ConnectionHarness other([&](const auto&, auto&) -> Task<http::Response> {
    http::Response response = Text(200, std::string(8 * 1024 * 1024, 'x'));
    response.on_sent = [&](const http::SendReport& r) { complete = r.complete; };
    other.CloseClient();
    co_return response;
  });
  other.Send(kGet);
  EXPECT_TRUE(other.ended());
  EXPECT_FALSE(complete);
}

TEST(Connection, AForgottenStatusIs500) {
  ConnectionHarness harness(
      [](const auto&, auto&) -> Task<http::Response> { co_return http::Response(); });
  harness.Send(kGet);
  EXPECT_THAT(harness.Receive(), StartsWith("HTTP/1.1 500 "));
}

TEST(Connection, AThrowingHandlerIs500AndTheEnd) {
  ConnectionHarness harness([](const http::RequestHead& head, auto&) -> Task<http::Response> {
    if (!head.path.empty()) throw std::runtime_error("bug");
    co_return Text(200, "");
  });
  harness.Send(kGet);
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_TRUE(harness.closed());
}

TEST(Connection, RefusesAndCloses) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"GET / HTTP/1.1\nHost: h\n\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "400"},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", "501"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "505"},
      {"\x16\x03\x01\x02", "400"},
  };
  for (const auto& [text, status] : cases) {
    ConnectionHarness harness(Echo);
    harness.Send(text + kGet);
    const std::string answer = harness.Receive();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + status)) << text;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("GET /a|"))) << "a request behind a refused one was served";
    EXPECT_TRUE(harness.closed());
    EXPECT_FALSE(harness.ended()) << "does not wait for the client to read";
    harness.EndSend();
    EXPECT_TRUE(harness.ended());
  }
}

TEST(Connection, RefusesTooMuchHead) {
  Limits limits = Patient();
  limits.head_bytes = 20'000;
  ConnectionHarness fits(Echo, limits);
  fits.Send("GET /a HTTP/1.1\r\nHost: h\r\nA: " + std::string(19'900, 'x') + "\r\n\r\n");
  EXPECT_THAT(fits.Receive(), StartsWith("HTTP/1.1 200"));
  ConnectionHarness too_long(Echo, limits);
  too_long.Send("GET /a HTTP/1.1\r\nHost: h\r\nA: " + std::string(200'000, 'x') + "\r\n\r\n");
  EXPECT_THAT(too_long.Receive(), StartsWith("HTTP/1.1 431"));
  ConnectionHarness too_many(Echo);
  std::string head = "GET /a HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 256; ++i) head += "A: b\r\n";
  too_many.Send(head + "\r\n");
  EXPECT_THAT(too_many.Receive(), StartsWith("HTTP/1.1 431"));
}

TEST(Connection, DrainWaitsForAFirstRequestForAMoment) {
  ConnectionHarness asks(Echo);
  asks.set().Drain();
  asks.Pump();
  EXPECT_FALSE(asks.ended());
  asks.Send(kGet);
  EXPECT_THAT(asks.Receive(), HasSubstr("Connection: close\r\n"));
  EXPECT_TRUE(asks.ended());
  ConnectionHarness silent(Echo);
  silent.set().Drain();
  EXPECT_EQ(silent.ReceiveToEnd(), "");
}

TEST(Connection, DrainClosesIdleOnesAtOnce) {
  ConnectionHarness used(Echo);
  used.Send(kGet);
  EXPECT_FALSE(used.closed());
  used.set().Drain();
  used.Pump();
  EXPECT_EQ(used.Receive(), Ok("GET /a|"));
  EXPECT_TRUE(used.ended());
}

TEST(Connection, DrainLetsARequestFinish) {
  ConnectionHarness harness(Echo);
  harness.Send("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
  harness.set().Drain();
  harness.Pump();
  EXPECT_FALSE(harness.closed());
  harness.Send("cd");
  const std::string answer = harness.Receive();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(answer, EndsWith("PUT /1|abcd"));
  EXPECT_TRUE(harness.ended());
}

TEST(Connection, CutEndsWhatWaits) {
  ConnectionHarness harness(Echo);
  harness.Send("PUT /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\n\r\nab");
  harness.set().Cut();
  harness.Pump();
  EXPECT_TRUE(harness.ended());
  EXPECT_EQ(harness.Receive(), "");
}

}  // namespace
}  // namespace blobgate::net
