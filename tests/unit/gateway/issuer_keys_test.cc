#include "gateway/issuer_keys.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <fstream>
#include <utility>

#include "support/operation_harness.h"
#include "unit/auth/token_issuer.h"

namespace blobgate::gateway {
namespace {

using auth::EcTestKey;
using auth::RsaTestKey;
using std::chrono::seconds;

/// A key server that answers what the test says.
class KeyServer final : public OutsideClient {
 public:
  std::string body = "{\"keys\":[]}";
  unsigned status = 200;
  std::optional<Errc> failure;
  int asked = 0;
  net::ClientRequest last;

  Task<Result<net::ClientResponse>> Get(net::ClientRequest request, net::AddressFilter) override {
    ++asked;
    last = std::move(request);
    // A suspension, so that other requests can come in between.
    co_await boost::asio::post(co_await boost::asio::this_coro::executor,
                               boost::asio::use_awaitable);
    if (failure) co_return Fail(*failure, "as the test says");
    net::ClientResponse response;
    response.status = status;
    response.body = std::make_unique<test::StringBody>(body);
    co_return std::move(response);
  }
};

class IssuerKeysTest : public ::testing::Test {
 protected:
  IssuerKeysTest() {
    char name[] = "/tmp/blobgate-keys-XXXXXX";
    directory_ = mkdtemp(name);
    rules_.issuers = {{auth::kIssuer, auth::kTenant}};
  }
  ~IssuerKeysTest() override { std::filesystem::remove_all(directory_); }

  void FromUrl() {
    KeyOrigin origin{.issuer = "url", .file = {}, .url = {}, .fixed = {}};
    origin.url = ParseSourceUrl("https://keys.example:444/a?b=c");
    Make(std::move(origin));
  }
  void FromFile() {
    KeyOrigin origin{.issuer = "file", .file = directory_ + "/keys", .url = {}, .fixed = {}};
    Make(std::move(origin));
  }
  void Make(KeyOrigin origin) {
    std::vector<KeyOrigin> origins;
    origins.push_back(std::move(origin));
    keys_ = std::make_unique<IssuerKeys>(std::move(origins), server_, clock_, background_);
    oauth_ = std::make_unique<auth::OAuth>(rules_, *keys_);
  }
  void Write(const std::string& text) { std::ofstream(directory_ + "/keys") << text; }

  void Run(std::vector<std::string> tokens) {
    for (const std::string& token : tokens) {
      boost::asio::co_spawn(io_, keys_->Prepare(token, *oauth_), [](std::exception_ptr e) {
        if (e) std::rethrow_exception(e);
      });
    }
    io_.run();
    io_.restart();
  }
  void RunBackground() {
    while (!background_.entries.empty()) {
      auto entry = std::move(background_.entries.front());
      background_.entries.pop_front();
      boost::asio::co_spawn(io_, entry.task(), boost::asio::detached);
      io_.run();
      io_.restart();
    }
  }
  /// Is the token's signature believed after Prepare?
  bool Believes(const std::string& token) {
    Run({token});
    RunBackground();
    return oauth_->MissingKeyOf(token) == std::nullopt;
  }

  std::string directory_;
  boost::asio::io_context io_;
  ManualClock clock_{auth::kNow};
  KeyServer server_;
  test::QueuedBackground background_;
  auth::OAuthRules rules_;
  std::unique_ptr<IssuerKeys> keys_;
  std::unique_ptr<auth::OAuth> oauth_;
  const std::string rsa_ = auth::TokenOf(auth::GoodClaims());
  const std::string ec_ = auth::TokenOf(auth::GoodClaims(), EcTestKey());
};

TEST_F(IssuerKeysTest, FetchesAtFirstUse) {
  FromUrl();
  server_.body = RsaTestKey().PublicKeys();
  EXPECT_TRUE(Believes(rsa_));
  EXPECT_EQ(server_.asked, 1);
  EXPECT_TRUE(server_.last.secure);
  EXPECT_EQ(server_.last.host, "keys.example");
  EXPECT_EQ(server_.last.port, 444);
  EXPECT_EQ(server_.last.target, "/a?b=c");
  EXPECT_TRUE(Believes(rsa_));
  EXPECT_EQ(server_.asked, 1);
}

TEST_F(IssuerKeysTest, AnUnknownKeyIsAskedForAtMostEveryTenSeconds) {
  FromUrl();
  server_.body = RsaTestKey().PublicKeys();
  EXPECT_TRUE(Believes(rsa_));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(Believes(ec_));
  EXPECT_EQ(server_.asked, 1);
  server_.body = EcTestKey().PublicKeys();  // rotated
  clock_.Advance(seconds(9));
  EXPECT_FALSE(Believes(ec_));
  clock_.Advance(seconds(1));
  EXPECT_TRUE(Believes(ec_));
  EXPECT_EQ(server_.asked, 2);
  EXPECT_FALSE(Believes(rsa_)) << "the old key is gone";
}

TEST_F(IssuerKeysTest, ManyWaitForOneFetch) {
  FromUrl();
  server_.body = RsaTestKey().PublicKeys();
  Run(std::vector<std::string>(50, rsa_));
  EXPECT_EQ(server_.asked, 1);
  EXPECT_EQ(oauth_->MissingKeyOf(rsa_), std::nullopt);
}

TEST_F(IssuerKeysTest, FetchesAgainAfterAnHour) {
  FromUrl();
  server_.body = RsaTestKey().PublicKeys();
  EXPECT_TRUE(Believes(rsa_));
  clock_.Advance(seconds(3599));
  EXPECT_TRUE(Believes(rsa_));
  EXPECT_EQ(server_.asked, 1);
  server_.body = EcTestKey().PublicKeys();
  clock_.Advance(seconds(1));
  EXPECT_FALSE(Believes(rsa_));
  EXPECT_EQ(server_.asked, 2);
}

TEST_F(IssuerKeysTest, WhoHasItsKeyDoesNotWaitForAFetch) {
  FromUrl();
  server_.body = RsaTestKey().PublicKeys();
  EXPECT_TRUE(Believes(rsa_));
  clock_.Advance(seconds(3600));
  Run({rsa_, rsa_});
  EXPECT_EQ(server_.asked, 1) << "left to the background";
  EXPECT_EQ(background_.entries.size(), 1u);
  RunBackground();
  EXPECT_EQ(server_.asked, 2);
}

TEST_F(IssuerKeysTest, AFailureLeavesTheKeysAsTheyWere) {
  FromUrl();
  server_.body = RsaTestKey().PublicKeys();
  EXPECT_TRUE(Believes(rsa_));
  const auto after_failure = [&] {
    clock_.Advance(seconds(3600));
    return Believes(rsa_);
  };
  server_.failure = Errc::kUnavailable;
  EXPECT_TRUE(after_failure());
  server_.failure.reset();
  server_.status = 503;
  EXPECT_TRUE(after_failure());
  server_.status = 200;
  for (const std::string& body :
       {std::string(), std::string("<html>"), std::string(auth::KeySet::kMaxBytes + 10, ' ')}) {
    server_.body = body;
    EXPECT_TRUE(after_failure());
  }
  EXPECT_EQ(server_.asked, 6);
}

TEST_F(IssuerKeysTest, WorthlessTokensCauseNoFetch) {
  FromUrl();
  server_.body = RsaTestKey().PublicKeys();
  Run({"x"});  // what is due is fetched all the same
  EXPECT_EQ(server_.asked, 1);
  clock_.Advance(seconds(60));
  Run({"x", "a.b.c", auth::TokenOf(auth::GoodClaims("https://evil.example/"), EcTestKey())});
  EXPECT_EQ(server_.asked, 1);
}

TEST_F(IssuerKeysTest, AFileIsReadAgainWhenItChanged) {
  Write(RsaTestKey().PublicKeys());
  FromFile();
  EXPECT_TRUE(Believes(rsa_));
  std::filesystem::remove(directory_ + "/keys");
  Write(EcTestKey().PublicKeys());
  EXPECT_TRUE(Believes(rsa_)) << "within five seconds";
  clock_.Advance(seconds(5));
  EXPECT_FALSE(Believes(rsa_));
  EXPECT_TRUE(Believes(ec_));
}

TEST_F(IssuerKeysTest, AFileThatIsAwayOrBrokenChangesNothing) {
  Write(RsaTestKey().PublicKeys());
  FromFile();
  EXPECT_TRUE(Believes(rsa_));
  Write("{");
  clock_.Advance(seconds(5));
  EXPECT_TRUE(Believes(rsa_));
  std::filesystem::remove(directory_ + "/keys");
  clock_.Advance(seconds(5));
  EXPECT_TRUE(Believes(rsa_));
  Write(EcTestKey().PublicKeys());
  clock_.Advance(seconds(5));
  EXPECT_TRUE(Believes(ec_));
}

TEST_F(IssuerKeysTest, FixedKeysAreNeverRead) {
  KeyOrigin origin{.issuer = "own", .file = {}, .url = {}, .fixed = {}};
  origin.fixed = std::make_shared<auth::KeySet>(*auth::KeySet::Parse(RsaTestKey().PublicKeys()));
  Make(std::move(origin));
  EXPECT_TRUE(Believes(rsa_));
  EXPECT_FALSE(Believes(ec_));
  EXPECT_EQ(server_.asked, 0);
}

}  // namespace
}  // namespace blobgate::gateway
