#include "unit/net/loopback.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace blobgate::net {

namespace {

int Connect(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{60, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

void AddExtension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

LoopbackClient::LoopbackClient(std::uint16_t port) : fd_(Connect(port)), connected_(fd_ >= 0) {}

LoopbackClient::LoopbackClient(std::uint16_t port, const std::string& ca_file,
                               std::string_view alpn, int most)
    : fd_(Connect(port)) {
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_load_verify_file(context_, ca_file.c_str());
  SSL_CTX_set_max_proto_version(context_, most);
  SSL_CTX_set_security_level(context_, 0);  // so that old versions can be offered at all
  ssl_ = SSL_new(context_);
  SSL_set1_host(ssl_, "localhost");
  if (!alpn.empty()) {
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(alpn.data()),
                        static_cast<unsigned>(alpn.size()));
  }
  SSL_set_fd(ssl_, fd_);
  connected_ = fd_ >= 0 && SSL_connect(ssl_) == 1;
}

LoopbackClient::~LoopbackClient() {
  SSL_free(ssl_);
  SSL_CTX_free(context_);
  if (fd_ >= 0) ::close(fd_);
}

bool LoopbackClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const long count = ssl_ ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                            : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

long LoopbackClient::Receive(char* into, std::size_t size) {
  if (ssl_) return SSL_read(ssl_, into, static_cast<int>(size));
  return ::recv(fd_, into, size, 0);
}

std::string LoopbackClient::ReadUntil(std::string_view end) {
  while (true) {
    const std::size_t at = end.empty() ? std::string::npos : received_.find(end);
    if (at != std::string::npos) {
      const std::string text = received_.substr(0, at + end.size());
      received_.erase(0, at + end.size());
      return text;
    }
    char piece[16384];
    const long count = Receive(piece, sizeof piece);
    if (count <= 0) return std::exchange(received_, {});
    received_.append(piece, static_cast<std::size_t>(count));
  }
}

long LoopbackClient::certificate_serial() const {
  X509* const certificate = SSL_get1_peer_certificate(ssl_);
  const long serial = certificate ? ASN1_INTEGER_get(X509_get0_serialNumber(certificate)) : -1;
  X509_free(certificate);
  return serial;
}

std::string LoopbackClient::alpn() const {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "blobgate-net-XXXXXX";
  path_ = ::mkdtemp(pattern.data());
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // litter, nothing more
  std::filesystem::remove_all(path_, ignored);
}

void WriteCertificate(const std::string& certificate_file, const std::string& key_file, long serial,
                      std::chrono::seconds valid) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), valid.count());
  X509_set_pubkey(certificate, key);
  X509_NAME* const name = X509_get_subject_name(certificate);
  const auto* const common = reinterpret_cast<const unsigned char*>("localhost");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  AddExtension(certificate, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_sign(certificate, key, EVP_sha256());
  std::FILE* file = std::fopen(certificate_file.c_str(), "w");
  ASSERT_TRUE(file && PEM_write_X509(file, certificate) == 1 && std::fclose(file) == 0);
  file = std::fopen(key_file.c_str(), "w");
  ASSERT_TRUE(file && PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr) == 1 &&
              std::fclose(file) == 0);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

}  // namespace blobgate::net
