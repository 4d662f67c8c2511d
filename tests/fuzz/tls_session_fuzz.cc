// TLS from both sides. Even first byte: the rest is what a client sends first, to our session
// alone. Odd: a real client shakes hands, sends the rest, and gets it back; whatever the records
// are cut into, the text is the same, and a flipped bit is never taken for text.
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>

#include "fuzz/input.h"
#include "net/tls_session.h"

namespace {

using namespace blobgate;
using fuzz::Require;
using Step = net::TlsSession::Step;

SSL_CTX* ServerContext() {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 1'000'000);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  Require(SSL_CTX_use_certificate(context, certificate) == 1);
  Require(SSL_CTX_use_PrivateKey(context, key) == 1);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}

SSL_CTX* Server() {
  static SSL_CTX* const context = ServerContext();
  return context;
}

/// Gives the session the first of `records`, at most `most` bytes and what it has room for.
void Deliver(net::TlsSession& session, std::string_view& records, std::size_t most) {
  const MutableBytes room = session.PrepareInput();
  const std::size_t count = std::min({records.size(), room.size(), most});
  Require(count > 0);
  std::copy_n(AsBytes(records).begin(), count, room.begin());
  session.CommitInput(count);
  records.remove_prefix(count);
}

std::string TakeOutput(net::TlsSession& session) {
  std::string records(AsChars(session.output()));
  if (!records.empty()) session.ConsumeOutput(records.size());
  return records;
}

/// A socket with room for so many bytes.
struct Sink final : net::TlsSession::RecordSink {
  explicit Sink(std::size_t bytes) : room(bytes) {}

  std::size_t Send(Bytes record, bool /*more*/) override {
    const Bytes part = record.first(std::min(record.size(), room));
    room -= part.size();
    sent += AsChars(part);
    return part.size();
  }

  std::size_t room;
  std::string sent;
};

/// A session that gets `records` piece by piece, and what it reads out of them.
struct Reading {
  std::string text;
  Step last = Step::kNeedsInput;
};

Reading ReadAll(net::TlsSession& session, std::string_view records, std::size_t step) {
  Reading reading;
  while (reading.last == Step::kNeedsInput && !records.empty()) {
    Deliver(session, records, step);
    for (;;) {
      std::byte piece[100];
      std::size_t got = 0;
      reading.last = session.Read(piece, got);
      if (reading.last != Step::kDone) break;
      Require(got > 0 && got <= sizeof piece);
      reading.text += AsChars(Bytes(piece).first(got));
    }
    (void)TakeOutput(session);
  }
  return reading;
}

class Client {
 public:
  Client() : ssl_(SSL_new(Context())) {
    SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(ssl_);
  }
  ~Client() { SSL_free(ssl_); }

  void ShakeHands(net::TlsSession& session) {
    for (bool server = false, client = false; !server || !client;) {
      client = SSL_do_handshake(ssl_) == 1;
      const std::string sent = Sent();
      for (std::string_view records = sent; !records.empty();) {
        Deliver(session, records, records.size());
        server = session.Handshake() == Step::kDone;
      }
      Give(TakeOutput(session));
    }
  }

  std::string Encrypt(std::string_view text) {
    if (!text.empty()) SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    return Sent();
  }

  std::string Decrypt(std::string_view records) {
    Give(records);
    std::string text;
    char piece[1000];
    for (int got; (got = SSL_read(ssl_, piece, sizeof piece)) > 0;) {
      text.append(piece, static_cast<std::size_t>(got));
    }
    ERR_clear_error();
    return text;
  }

 private:
  static SSL_CTX* Context() {
    static SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
    return context;
  }
  std::string Sent() {
    char* data = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(ssl_), &data);
    std::string records(data, static_cast<std::size_t>(size));
    (void)BIO_reset(SSL_get_wbio(ssl_));
    return records;
  }
  void Give(std::string_view records) {
    if (!records.empty()) {
      BIO_write(SSL_get_rbio(ssl_), records.data(), static_cast<int>(records.size()));
    }
  }

  SSL* ssl_;
};

void CheckStranger(std::string_view text, std::size_t step) {
  net::TlsSession session(Server());
  Step state = Step::kNeedsInput;
  while (!text.empty() && state == Step::kNeedsInput) {
    Deliver(session, text, step);
    state = session.Handshake();
    (void)TakeOutput(session);
  }
  Require(state != Step::kDone);  // nobody shakes hands without an answer
  session.Shutdown();
}

void CheckClient(std::string_view text, std::size_t step) {
  net::TlsSession session(Server());
  Client client;
  client.ShakeHands(session);
  std::string records = client.Encrypt(text);
  Require(ReadAll(session, records, step).text == text);
  for (std::string_view rest = text; !rest.empty();) {
    const Bytes pieces[] = {AsBytes(rest.substr(0, step)),
                            AsBytes(rest.substr(std::min(step, rest.size())))};
    const std::size_t most = step * 100;
    Sink sink(step * 70);
    net::TlsSession::Encrypted done;
    Require(session.Encrypt(pieces, most, sink, done) == Step::kDone);
    Require(done.taken > 0 && done.taken <= most && done.held <= done.taken);
    Require((done.held > 0) == !session.output().empty());
    Require(client.Decrypt(sink.sent + TakeOutput(session)) == rest.substr(0, done.taken));
    rest.remove_prefix(done.taken);
  }
  records = client.Encrypt("another text");
  records[step % records.size()] ^= 1;
  Require(ReadAll(session, records, records.size()).text.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::TextOf(data, size);
  const std::uint8_t choice = fuzz::TakeByte(text);
  const std::size_t step = choice / 2 + 1;
  choice % 2 == 0 ? CheckStranger(text, step) : CheckClient(text, step);
  ERR_clear_error();
  return 0;
}
