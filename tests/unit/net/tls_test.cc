#include "net/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "unit/net/connection_harness.h"
#include "unit/net/loopback.h"

namespace blobgate::net {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kGet = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n";
const std::string kAnswer = "GET /a|";
constexpr std::string_view kHttp11 = "\x08http/1.1";
constexpr std::string_view kHttp2 = "\x02h2";
constexpr std::string_view kBoth = "\x02h2\x08http/1.1";

class TlsTest : public testing::Test {
 protected:
  void SetUp() override { Start(Patient()); }
  void Start(Limits limits, FakeHandler::Function handle = Echo) {
    WriteCertificate(certificate_, key_, 7);
    auto tls = TlsContext::Load(certificate_, key_);
    ASSERT_TRUE(tls) << tls.error().detail;
    tls_ = *tls;
    handler_ = std::make_unique<FakeHandler>(std::move(handle));
    server_ = std::make_unique<Server>(threads_, *handler_, limits);
    const auto port = server_->Listen("127.0.0.1", 0, tls_);
    ASSERT_TRUE(port);
    port_ = *port;
  }

  TemporaryDirectory directory_;
  const std::string certificate_ = directory_.File("cert.pem");
  const std::string key_ = directory_.File("key.pem");
  std::shared_ptr<TlsContext> tls_;
  IoThreads threads_{2};
  std::unique_ptr<FakeHandler> handler_;
  std::unique_ptr<Server> server_;
  std::uint16_t port_ = 0;
};

TEST_F(TlsTest, ServesOverTls13AndKeepsAlive) {
  LoopbackClient client(port_, certificate_, kBoth);
  ASSERT_TRUE(client.connected());
  EXPECT_EQ(client.version(), TLS1_3_VERSION);
  EXPECT_EQ(client.alpn(), "http/1.1");
  for (int i = 0; i < 3; ++i) {
    client.Send(kGet);
    EXPECT_THAT(client.ReadUntil(kAnswer), EndsWith(kAnswer));
  }
  client.Send("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), EndsWith(kAnswer));
}

TEST_F(TlsTest, VersionsAndProtocols) {
  LoopbackClient tls12(port_, certificate_, kHttp11, TLS1_2_VERSION);
  EXPECT_TRUE(tls12.connected());
  EXPECT_EQ(tls12.version(), TLS1_2_VERSION);
  EXPECT_FALSE(LoopbackClient(port_, certificate_, kHttp11, TLS1_1_VERSION).connected());
  EXPECT_FALSE(LoopbackClient(port_, certificate_, kHttp2).connected());
  EXPECT_TRUE(LoopbackClient(port_, certificate_).connected()) << "no ALPN is fine";
}

TEST_F(TlsTest, LargeBodiesBothWays) {
  LoopbackClient client(port_, certificate_);
  const std::string large(2'000'000, 'w');
  client.Send("PUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n");
  client.Send(large);
  client.Send(kGet);
  const std::string first = client.ReadUntil("PUT /b|");
  EXPECT_THAT(first, StartsWith("HTTP/1.1 200"));
  EXPECT_TRUE(client.ReadUntil(large) == large);
  EXPECT_THAT(client.ReadUntil(kAnswer), EndsWith(kAnswer));
}

TEST_F(TlsTest, ReloadsWithoutDroppingConnections) {
  LoopbackClient before(port_, certificate_);
  before.Send(kGet);
  before.ReadUntil(kAnswer);
  EXPECT_EQ(before.certificate_serial(), 7);
  WriteCertificate(certificate_, key_, 8);
  const auto next = TlsContext::Load(certificate_, key_);
  ASSERT_TRUE(next);
  tls_->Take(**next);
  LoopbackClient after(port_, certificate_);
  EXPECT_EQ(after.certificate_serial(), 8);
  before.Send(kGet);
  EXPECT_THAT(before.ReadUntil(kAnswer), EndsWith(kAnswer));
}

TEST_F(TlsTest, FilesThatAreNoGoodAreRefused) {
  std::ofstream(key_, std::ios::trunc) << "nonsense";
  const auto reloaded = TlsContext::Load(certificate_, key_);
  ASSERT_FALSE(reloaded);
  EXPECT_EQ(reloaded.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(reloaded.error().detail, HasSubstr("key.pem"));
  EXPECT_TRUE(LoopbackClient(port_, certificate_).connected());
}

TEST_F(TlsTest, KnowsWhenTheFirstOfItsCertificatesExpires) {
  const auto in = [](int hours) {
    return std::chrono::system_clock::now() + std::chrono::hours(hours);
  };
  EXPECT_GT(tls_->expiry(), in(23));
  EXPECT_LT(tls_->expiry(), in(25));
  const std::string issuer = directory_.File("issuer.pem");
  WriteCertificate(issuer, directory_.File("issuer.key"), 9, std::chrono::hours(2));
  std::ofstream(certificate_, std::ios::app) << std::ifstream(issuer).rdbuf();
  tls_->Take(**TlsContext::Load(certificate_, key_));
  EXPECT_GT(tls_->expiry(), in(1));
  EXPECT_LT(tls_->expiry(), in(3));
  WriteCertificate(certificate_, key_, 10, -std::chrono::hours(1));
  tls_->Take(**TlsContext::Load(certificate_, key_));
  EXPECT_LT(tls_->expiry(), in(0));
}

TEST_F(TlsTest, KeyAndCertificateMustBelongTogether) {
  const std::string other = directory_.File("other.pem");
  WriteCertificate(other, key_, 9);  // certificate_ now has another key
  EXPECT_FALSE(TlsContext::Load(certificate_, key_));
  EXPECT_TRUE(TlsContext::Load(other, key_));
  EXPECT_FALSE(TlsContext::Load(directory_.File("absent.pem"), key_));
}

TEST_F(TlsTest, PlainHttpIsNotAnswered) {
  LoopbackClient client(port_);
  client.Send(kGet);
  EXPECT_EQ(client.ReadToEnd().find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(TlsTest, AStuckHandshakeEnds) {
  Limits limits = Patient();
  limits.head_timeout = std::chrono::milliseconds(20);
  Start(limits);
  LoopbackClient client(port_);
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST_F(TlsTest, RefusesPastMaxConnections) {
  Limits limits = Patient();
  limits.max_connections = 0;
  Start(limits);
  LoopbackClient client(port_, certificate_);
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 503"));
}

TEST_F(TlsTest, AnUnreadBodyDoesNotHideTheAnswer) {
  Limits limits = Patient();
  limits.drain_bytes = 10;
  Start(limits, [](const auto&, auto&) -> Task<http::Response> { co_return Text(403, "no"); });
  LoopbackClient client(port_, certificate_);
  client.Send("PUT /b HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n");
  client.Send(std::string(500'000, 'x'));
  EXPECT_THAT(client.ReadToEnd(), EndsWith("no"));
}

TEST_F(TlsTest, StopClosesIdleConnections) {
  LoopbackClient client(port_, certificate_);
  client.Send(kGet);
  client.ReadUntil(kAnswer);
  EXPECT_TRUE(server_->Stop(std::chrono::minutes(1)));
  EXPECT_EQ(client.ReadToEnd(), "");
}

}  // namespace
}  // namespace blobgate::net
