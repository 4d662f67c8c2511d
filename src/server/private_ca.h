// A certification authority of one's own, for sites that have none: `blobgate init-tls`.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "auth/openssl_handles.h"
#include "base/result.h"

namespace blobgate::server {

struct X509Free {
  void operator()(X509* p) const { X509_free(p); }
};
using X509Ptr = std::unique_ptr<X509, X509Free>;

/// Whom a certificate is for (RFC 5280, section 4.2.1.6).
struct CertificateNames {
  std::vector<std::string> dns;        ///< "localhost", "*.blob.example.net"
  std::vector<std::string> addresses;  ///< "127.0.0.1", "::1"

  /// Sorts `name` in, once. kInvalidArgument: neither an address nor a host name (one `*` in front
  /// may stand for a label).
  Status Add(const std::string& name);
};

/// Both PEM.
struct IssuedCertificate {
  std::string certificate;  ///< the server's, then the CA's
  std::string key;          ///< PKCS #8, not encrypted
};

/// Keys are on P-256, signatures ECDSA with SHA-256. Not for use by several threads at once.
class PrivateCa {
 public:
  /// A new one; its certificate may sign servers' certificates, nothing else.
  static Result<PrivateCa> Make(const std::string& name, std::chrono::days valid);
  /// What `certificate` and `key` held. kInvalidArgument: they are no PEM of a CA and its key.
  static Result<PrivateCa> Read(const std::string& certificate, const std::string& key);

  /// A certificate for a server, with a key of its own. kInvalidArgument: there is no name.
  Result<IssuedCertificate> Issue(const CertificateNames& names, std::chrono::days valid) const;

  std::string Certificate() const;  ///< PEM
  std::string Key() const;          ///< PEM; whoever has it can pose as every server

 private:
  PrivateCa(auth::OpensslPtr<EVP_PKEY> key, X509Ptr certificate)
      : key_(std::move(key)), certificate_(std::move(certificate)) {}

  auth::OpensslPtr<EVP_PKEY> key_;
  X509Ptr certificate_;
};

}  // namespace blobgate::server
