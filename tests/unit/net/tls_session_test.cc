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
    Give(records);
    session_->ConsumeOutput(records.size());
  }

  void Give(Bytes records) {
    if (records.empty()) return;
    BIO_write(SSL_get_rbio(client_), records.data(), static_cast<int>(records.size()));
  }

  /// Hands the client records at once, so many bytes of them in all.
  class Sink : public TlsSession::RecordSink {
   public:
    explicit Sink(TlsSessionTest& test, std::size_t room = ~std::size_t{0})
        : test_(test), room_(room) {}

    std::size_t Send(Bytes record, bool more) override {
      records += more ? '+' : '.';
      const Bytes part = record.first(std::min(record.size(), room_));
      room_ -= part.size();
      test_.Give(part);
      return part.size();
    }

    std::string records;  ///< one character for each

   private:
    TlsSessionTest& test_;
    std::size_t room_;
  };

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
  for (const std::size_t most : {1, 299, 300, 4096, 70'000, 100'300, 200'000}) {
    Sink sink(*this);
    TlsSession::Encrypted done;
    ASSERT_EQ(session_->Encrypt(pieces, most, sink, done), Step::kDone);
    EXPECT_EQ(done.taken, std::min<std::size_t>(most, 100'300));
    EXPECT_EQ(done.held, 0U);
    EXPECT_TRUE(session_->output().empty());
    EXPECT_TRUE(Receive() == (head + body).substr(0, most)) << most;
  }
}

TEST_F(TlsSessionTest, KnowsWhetherThereIsAnythingToRead) {
  EXPECT_FALSE(session_->CanRead());
  const std::string text(20, 't');
  SSL_write(client_, text.data(), 20);
  char record[100];
  const int size = BIO_read(SSL_get_wbio(client_), record, sizeof record);
  const auto put = [&](int from, int to) {
    const MutableBytes room = session_->PrepareInput();
    std::memcpy(room.data(), record + from, static_cast<std::size_t>(to - from));
    session_->CommitInput(static_cast<std::size_t>(to - from));
  };
  std::byte piece[15];
  std::size_t got = 0;
  put(0, 10);
  EXPECT_TRUE(session_->CanRead());
  EXPECT_EQ(session_->Read(piece, got), Step::kNeedsInput);
  put(10, size);
  EXPECT_TRUE(session_->CanRead());
  EXPECT_EQ(session_->Read(piece, got), Step::kDone);
  EXPECT_EQ(got, 15U);
  EXPECT_TRUE(session_->CanRead());  // within OpenSSL
  EXPECT_EQ(session_->Read(piece, got), Step::kDone);
  EXPECT_EQ(got, 5U);
  EXPECT_FALSE(session_->CanRead());
}

TEST_F(TlsSessionTest, ShortPiecesShareARecord) {
  const std::string head(300, 'h'), middle(3000, 'm'), body(40'000, 'b');
  const Bytes pieces[] = {AsBytes(head), {}, AsBytes(middle), AsBytes(body), {}};
  Sink sink(*this);
  TlsSession::Encrypted done;
  ASSERT_EQ(session_->Encrypt(pieces, 100'000, sink, done), Step::kDone);
  EXPECT_EQ(sink.records, "+++.");  // 4 KiB of all three, then of the last alone
  EXPECT_TRUE(Receive() == head + middle + body);
}

TEST_F(TlsSessionTest, NothingIsNoRecord) {
  const Bytes nothing[] = {{}, {}};
  Sink sink(*this);
  TlsSession::Encrypted done;
  ASSERT_EQ(session_->Encrypt(nothing, 100, sink, done), Step::kDone);
  ASSERT_EQ(session_->Encrypt({}, 100, sink, done), Step::kDone);
  EXPECT_EQ(done.taken, 0U);
  EXPECT_EQ(sink.records, "");
}

TEST_F(TlsSessionTest, NoRecordIsMadeBehindOneThatWaits) {
  const std::string body(100'000, 'b');
  const Bytes pieces[] = {AsBytes(body)};
  for (const std::size_t room : {0, 1, 16'000, 17'000, 40'000}) {
    Sink sink(*this, room);
    TlsSession::Encrypted done;
    ASSERT_EQ(session_->Encrypt(pieces, body.size(), sink, done), Step::kDone);
    EXPECT_EQ(done.held, TlsSession::kRecord);
    EXPECT_EQ(done.taken, (room / TlsSession::kRecord + 1) * TlsSession::kRecord) << room;
    EXPECT_FALSE(session_->output().empty());
    EXPECT_TRUE(Receive() == body.substr(0, done.taken)) << room;
  }
}

TEST_F(TlsSessionTest, KeepsTheRecordThatWaitsWhenItIsTrimmed) {
  const std::string body(16'000, 'b');
  const Bytes pieces[] = {AsBytes(body)};
  Sink sink(*this, 0);
  TlsSession::Encrypted done;
  ASSERT_EQ(session_->Encrypt(pieces, body.size(), sink, done), Step::kDone);
  session_->TrimOutput();  // nothing was sent: nothing to give back
  Send(12'000);
  const std::size_t left = session_->output().size();
  session_->TrimOutput();
  EXPECT_EQ(session_->output().size(), left);
  Send(7);
  session_->TrimOutput();
  EXPECT_TRUE(Receive() == body);
}

}  // namespace
}  // namespace blobgate::net
