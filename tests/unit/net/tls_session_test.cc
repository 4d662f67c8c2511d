#include "net/tls_session.h"

#include <gtest/gtest.h>

#include <string>

#include "net/tls.h"
#include "unit/net/loopback.h"

namespace blobgate::net {
namespace {

using Step = TlsSession::Step;

/// A session of ours and a client of OpenSSL's, with their hands shaken.
class TlsSessionTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string certificate = directory_.File("cert.pem"), key = directory_.File("key.pem");
    WriteCertificate(certificate, key, 7);
    auto tls = TlsContext::Load(certificate, key);
    ASSERT_TRUE(tls);
    server_context_ = (*tls)->current();
    session_.emplace(server_context_->native_handle());
    client_context_ = SSL_CTX_new(TLS_client_method());
    client_ = SSL_new(client_context_);
    SSL_set_bio(client_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client_);
    for (Step step = Step::kNeedsInput; step != Step::kDone;) {
      (void)SSL_do_handshake(client_);
      step = Deliver();
      (void)Receive();
    }
  }
  void TearDown() override {
    SSL_free(client_);
    SSL_CTX_free(client_context_);
  }

  Step Deliver() {
    char piece[1000];
    Step step = Step::kNeedsInput;
    for (int size; (size = BIO_read(SSL_get_wbio(client_), piece, sizeof piece)) > 0;) {
      const MutableBytes room = session_->PrepareInput();
      EXPECT_GE(room.size(), static_cast<std::size_t>(size));
      std::memcpy(room.data(), piece, static_cast<std::size_t>(size));
      session_->CommitInput(static_cast<std::size_t>(size));
      step = session_->Handshake();
    }
    return step;
  }

  /// The first `most` bytes of the records that wait.
  void Send(std::size_t most = ~std::size_t{0}) {
    const Bytes records = session_->output().first(std::min(most, session_->output().size()));
    if (records.empty()) return;
    BIO_write(SSL_get_rbio(client_), records.data(), static_cast<int>(records.size()));
    session_->ConsumeOutput(records.size());
  }

  /// What the client makes of all of them.
  std::string Receive() {
    Send();
    std::string text;
    char piece[1000];
    for (int size; (size = SSL_read(client_, piece, sizeof piece)) > 0;) {
      text.append(piece, static_cast<std::size_t>(size));
    }
    return text;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<boost::asio::ssl::context> server_context_;
  SSL_CTX* client_context_ = nullptr;
  SSL* client_ = nullptr;
  std::optional<TlsSession> session_;
};

TEST_F(TlsSessionTest, TakesNoMoreThanItIsTold) {
  const std::string head(300, 'h'), body(100'000, 'b');
  const Bytes pieces[] = {AsBytes(head), AsBytes(body)};
  for (const std::size_t most :
       {std::size_t{1}, std::size_t{299}, std::size_t{4096}, TlsSession::kBurst}) {
    std::size_t taken = 0;
    ASSERT_EQ(session_->Encrypt(pieces, most, taken), Step::kDone);
    EXPECT_EQ(taken, most);
    EXPECT_TRUE(Receive() == (head + body).substr(0, most)) << most;
  }
}

TEST_F(TlsSessionTest, KeepsTheRecordsThatWaitWhenItIsTrimmed) {
  const std::string body(60'000, 'b');
  const Bytes pieces[] = {AsBytes(body)};
  std::size_t taken = 0;
  ASSERT_EQ(session_->Encrypt(pieces, TlsSession::kBurst, taken), Step::kDone);
  session_->TrimOutput();  // nothing was sent: nothing to give back
  Send(50'000);
  const std::size_t left = session_->output().size();
  session_->TrimOutput();
  EXPECT_EQ(session_->output().size(), left);
  Send(7);
  session_->TrimOutput();
  EXPECT_TRUE(Receive() == body);
}

}  // namespace
}  // namespace blobgate::net
