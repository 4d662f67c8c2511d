#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/use_future.hpp>
#include <boost/asio/write.hpp>

#include "unit/net/connection_harness.h"
#include "unit/net/loopback.h"

namespace blobgate::net {
namespace {

using boost::asio::ip::tcp;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr std::chrono::milliseconds kShort{30};

bool Anywhere(const boost::asio::ip::address&) {
  return true;
}

struct Got {
  ClientResponse response;
  Result<std::string> body;
};

Task<Result<Got>> GetAll(HttpClient& client, ClientRequest request, AddressFilter allowed) {
  BG_CO_TRY(ClientResponse response, co_await client.Get(std::move(request), std::move(allowed)));
  auto body = co_await ReadAll(*response.body, 1000);
  co_return Got{std::move(response), std::move(body)};
}

class HttpClientTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteCertificate(certificate_, key_, 3);
    auto tls = TlsContext::Load(certificate_, key_);
    ASSERT_TRUE(tls);
    plain_port_ = server_.Listen("127.0.0.1", 0).value();
    tls_port_ = server_.Listen("127.0.0.1", 0, *tls).value();
    options_.ca_file = certificate_;
  }

  Result<Got> Get(ClientRequest request, AddressFilter allowed = Anywhere) {
    auto client = HttpClient::Create(options_);
    if (!client) return std::unexpected(client.error());
    return boost::asio::co_spawn(client_threads_.executor(0),
                                 GetAll(**client, std::move(request), std::move(allowed)),
                                 boost::asio::use_future)
        .get();
  }
  ClientRequest Plain(std::string target) {
    return {
        .secure = false, .host = "127.0.0.1", .port = plain_port_, .target = target, .headers = {}};
  }

  static Task<http::Response> Serve(const http::RequestHead& head, http::BodyReader&) {
    std::string text = std::string(head.host()) + " " + std::string(head.headers.Get("x-test")) +
                       (head.secure ? " tls" : " plain");
    http::Response response = Text(head.path == "/404" ? 404 : 200, std::move(text));
    response.Set("X-Answer", "yes");
    if (head.path == "/short" || head.path == "/long") {
      response.stream =
          std::make_unique<PieceSource>(std::vector<std::string>(100, std::string(10'000, 'p')));
      response.content_length = head.path == "/long" ? 1'000'000 : 1'000'001;
    }
    co_return response;
  }

  TemporaryDirectory directory_;
  const std::string certificate_ = directory_.File("cert.pem");
  const std::string key_ = directory_.File("key.pem");
  ClientOptions options_;
  IoThreads client_threads_{1};
  IoThreads threads_{1};
  FakeHandler handler_{Serve};
  Server server_{threads_, handler_, Patient()};
  std::uint16_t plain_port_ = 0;
  std::uint16_t tls_port_ = 0;
};

TEST_F(HttpClientTest, Gets) {
  ClientRequest request = Plain("/a?b=c");
  request.headers.emplace_back("x-test", "value");
  const auto got = Get(std::move(request));
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(got->response.status, 200u);
  EXPECT_EQ(*got->body, "127.0.0.1:" + std::to_string(plain_port_) + " value plain");
  EXPECT_EQ(got->response.content_length, got->body->size());
  EXPECT_THAT(got->response.headers, Contains(Pair("x-answer", "yes")));
}

TEST_F(HttpClientTest, AnyStatusIsAnAnswer) {
  const auto got = Get(Plain("/404"));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->response.status, 404u);
  EXPECT_THAT(*got->body, HasSubstr("plain"));
}

TEST_F(HttpClientTest, StreamsALongBody) {
  const auto got = Get(Plain("/long"));
  ASSERT_TRUE(got);
  ASSERT_TRUE(got->body);
  EXPECT_TRUE(*got->body == std::string(1'000'000, 'p'));
}

TEST_F(HttpClientTest, AShortBodyIsAnError) {
  const auto got = Get(Plain("/short"));
  ASSERT_TRUE(got);
  ASSERT_FALSE(got->body);
  EXPECT_EQ(got->body.error().code, Errc::kDisconnected);
}

TEST_F(HttpClientTest, VerifiesTls) {
  ClientRequest request{
      .secure = true, .host = "localhost", .port = tls_port_, .target = "/a", .headers = {}};
  auto got = Get(request);
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_THAT(*got->body, HasSubstr("tls"));
  request.host = "127.0.0.1";
  EXPECT_TRUE(Get(request)) << "the certificate has the address too";
  request.host = "127.0.0.2";
  got = Get(request);
  ASSERT_FALSE(got) << "a name the certificate does not have";
  EXPECT_EQ(got.error().code, Errc::kUnavailable);
  request.host = "localhost";
  options_.ca_file.clear();
  got = Get(request);
  ASSERT_FALSE(got) << "a CA nobody trusts";
  EXPECT_EQ(got.error().code, Errc::kUnavailable);
  options_.ca_file = directory_.File("absent.pem");
  EXPECT_EQ(Get(request).error().code, Errc::kInvalidArgument);
}

TEST_F(HttpClientTest, ConnectsOnlyWhereItMay) {
  std::vector<std::string> asked;
  const auto nowhere = [&](const boost::asio::ip::address& address) {
    asked.push_back(address.to_string());
    return false;
  };
  for (const std::string host : {"127.0.0.1", "localhost", "::ffff:127.0.0.1"}) {
    asked.clear();
    ClientRequest request = Plain("/a");
    request.host = host;
    const auto got = Get(request, nowhere);
    ASSERT_FALSE(got) << host;
    EXPECT_EQ(got.error().code, Errc::kInvalidArgument);
    EXPECT_THAT(asked, Contains("127.0.0.1")) << host;
  }
}

TEST_F(HttpClientTest, RefusesWhatCannotBeSent) {
  const auto refused = [&](ClientRequest request) {
    const auto got = Get(std::move(request));
    return !got && got.error().code == Errc::kInvalidArgument;
  };
  EXPECT_TRUE(refused(Plain("a")));
  EXPECT_TRUE(refused(Plain("")));
  EXPECT_TRUE(refused(Plain("/a b")));
  EXPECT_TRUE(refused(Plain("/a\r\nX: y")));
  for (const std::string host : {"", "a b", "a/b", "u@h", "h\r\nX: y", "[::1]"}) {
    ClientRequest request = Plain("/");
    request.host = host;
    EXPECT_TRUE(refused(request)) << host;
  }
  for (const auto& header : {std::pair<std::string, std::string>{"a", "b\r\nc: d"},
                             {"a\r\nb", "c"},
                             {"a:", "b"},
                             {"", "b"}}) {
    ClientRequest request = Plain("/");
    request.headers.push_back(header);
    EXPECT_TRUE(refused(request)) << header.first;
  }
}

TEST_F(HttpClientTest, NobodyListening) {
  ClientRequest request = Plain("/");
  boost::asio::io_context context;
  tcp::acceptor bound(context);  // bound, not listening: connections are refused
  bound.open(tcp::v4());
  bound.bind({boost::asio::ip::address_v4::loopback(), 0});
  request.port = bound.local_endpoint().port();
  const auto got = Get(request);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kUnavailable);
}

// A source that sends these bytes to whoever connects, and closes unless told to stay.
class CannedSource {
 public:
  CannedSource(std::string bytes, bool stay = false) : acceptor_(Open()) {
    auto serve = [](tcp::acceptor& acceptor, tcp::socket& socket, std::string text,
                    bool open) -> Task<void> {
      socket = co_await acceptor.async_accept(boost::asio::use_awaitable);
      co_await boost::asio::async_write(socket, boost::asio::buffer(text),
                                        boost::asio::use_awaitable);
      if (open) co_return;
      socket.shutdown(tcp::socket::shutdown_send);
    };
    boost::asio::co_spawn(thread_.executor(0), serve(acceptor_, socket_, std::move(bytes), stay),
                          boost::asio::detached);
  }
  ~CannedSource() {
    thread_.Stop();
    thread_.Join();
  }
  std::uint16_t port() const { return port_; }

 private:
  tcp::acceptor Open() {
    tcp::acceptor acceptor(thread_.executor(0), {boost::asio::ip::address_v4::loopback(), 0});
    port_ = acceptor.local_endpoint().port();
    return acceptor;
  }

  IoThreads thread_{1};
  std::uint16_t port_ = 0;
  tcp::acceptor acceptor_;
  tcp::socket socket_{thread_.executor(0)};
};

TEST_F(HttpClientTest, ReadsEveryFraming) {
  const auto body_of = [&](const std::string& bytes) {
    const CannedSource source(bytes);
    ClientRequest request = Plain("/");
    request.port = source.port();
    auto got = Get(request);
    if (!got) return "error " + std::string(ErrcName(got.error().code));
    if (!got->body) return "body error " + std::string(ErrcName(got->body.error().code));
    return std::to_string(got->response.status) + " " + *got->body +
           (got->response.content_length ? "" : " unsized");
  };
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  EXPECT_EQ(body_of(ok + "Content-Length: 3\r\n\r\nabc"), "200 abc");
  EXPECT_EQ(body_of(ok + "Content-Length: 0\r\n\r\n"), "200 ");
  EXPECT_EQ(body_of(ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"),
            "200 abc unsized");
  EXPECT_EQ(body_of(ok + "\r\nto the end"), "200 to the end unsized");
  EXPECT_EQ(body_of("HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + ok + "Content-Length: 1\r\n\r\nx"),
            "200 x");
  EXPECT_EQ(body_of("HTTP/1.1 304 Not Modified\r\n\r\n"), "304 ");
  EXPECT_EQ(body_of(ok + "Content-Length: 9\r\n\r\nabc"), "body error Disconnected");
  EXPECT_EQ(body_of(ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nab"), "body error Disconnected");
  EXPECT_EQ(body_of(ok + "Transfer-Encoding: chunked\r\n\r\nzz\r\n"), "body error Unavailable");
  EXPECT_EQ(body_of("SSH-2.0-OpenSSH_9.2\r\n"), "error Unavailable");
  EXPECT_EQ(body_of(""), "error Disconnected");
  EXPECT_EQ(body_of(ok + "A: " + std::string(70'000, 'x') + "\r\n\r\n"), "error Unavailable");
  std::string interim;
  for (int i = 0; i < 20; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_EQ(body_of(interim + ok + "\r\n"), "error Unavailable");
}

TEST_F(HttpClientTest, ASlowSourceTimesOut) {
  options_.head_timeout = kShort;
  options_.body_timeout = kShort;
  const CannedSource silent("HTTP/1.1 200", true);
  ClientRequest request = Plain("/");
  request.port = silent.port();
  auto got = Get(request);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kTimeout);
  const CannedSource stuck("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", true);
  request.port = stuck.port();
  got = Get(request);
  ASSERT_TRUE(got) << got.error().detail;
  ASSERT_FALSE(got->body);
  EXPECT_EQ(got->body.error().code, Errc::kTimeout);
}

TEST_F(HttpClientTest, AHandshakeThatHangsTimesOut) {
  options_.connect_timeout = kShort;
  const CannedSource silent("", true);
  ClientRequest request{
      .secure = true, .host = "127.0.0.1", .port = silent.port(), .target = "/", .headers = {}};
  const auto got = Get(request);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Errc::kTimeout);
}

}  // namespace
}  // namespace blobgate::net
