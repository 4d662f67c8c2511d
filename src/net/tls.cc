#include "net/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

namespace blobgate::net {

namespace ssl = boost::asio::ssl;

namespace {

// Forward secrecy and authenticated encryption only; the TLS 1.3 suites are all of that kind.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr std::string_view kAlpn = "\x08http/1.1";

// A client that offers protocols, but not ours, gets an alert (RFC 7301 section 3.2).
int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_length,
               const unsigned char* offered, unsigned offered_length, void*) {
  unsigned char* selected = nullptr;
  const int result = SSL_select_next_proto(
      &selected, out_length, reinterpret_cast<const unsigned char*>(kAlpn.data()),
      static_cast<unsigned>(kAlpn.size()), offered, offered_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = selected;
  return SSL_TLSEXT_ERR_OK;
}

Status Configure(ssl::context& context) {
  SSL_CTX* const raw = context.native_handle();
  SSL_CTX_set_options(raw, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION |
                               SSL_OP_NO_RENEGOTIATION | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_alpn_select_cb(raw, SelectAlpn, nullptr);
  if (SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(raw, kTls12Ciphers) != 1 ||
      SSL_CTX_set1_groups_list(raw, kGroups) != 1) {
    return Fail(Errc::kInternal, "OpenSSL refuses the TLS settings");
  }
  return {};
}

Result<std::shared_ptr<ssl::context>> Build(const std::string& certificate_file,
                                            const std::string& key_file) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  BG_CHECK(Configure(*context));
  boost::system::error_code ec;
  context->use_certificate_chain_file(certificate_file, ec);
  if (ec) return Fail(Errc::kInvalidArgument, certificate_file + ": " + ec.message());
  context->use_private_key_file(key_file, ssl::context::pem, ec);
  if (ec) return Fail(Errc::kInvalidArgument, key_file + ": " + ec.message());
  if (SSL_CTX_check_private_key(context->native_handle()) != 1) {
    return Fail(Errc::kInvalidArgument, key_file + ": not the key of " + certificate_file);
  }
  return context;
}

std::chrono::sys_seconds ExpiryOf(const X509* certificate) {
  std::tm utc{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return {};
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&utc)));
}

/// The earliest of the certificate and its chain.
std::chrono::sys_seconds ExpiryOf(SSL_CTX* context) {
  std::chrono::sys_seconds earliest = ExpiryOf(SSL_CTX_get0_certificate(context));
  STACK_OF(X509)* chain = nullptr;
  if (SSL_CTX_get0_chain_certs(context, &chain) != 1) return earliest;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    earliest = std::min(earliest, ExpiryOf(sk_X509_value(chain, i)));
  }
  return earliest;
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::Load(const std::string& certificate_file,
                                                     const std::string& key_file) {
  std::shared_ptr<TlsContext> tls(new TlsContext());
  BG_TRY(tls->context_, Build(certificate_file, key_file));
  tls->expiry_ = ExpiryOf(tls->context_->native_handle());
  return tls;
}

void TlsContext::Take(const TlsContext& other) {
  auto context = other.current();
  const std::chrono::sys_seconds expiry = ExpiryOf(context->native_handle());
  const std::lock_guard lock(mutex_);
  context_ = std::move(context);
  expiry_ = expiry;
}

std::chrono::sys_seconds TlsContext::expiry() const {
  const std::lock_guard lock(mutex_);
  return expiry_;
}

std::shared_ptr<ssl::context> TlsContext::current() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

}  // namespace blobgate::net
