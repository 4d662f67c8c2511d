// HMAC-SHA256 under one account key, keyed once.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace blobgate::bench {

/// One thread. Errors of OpenSSL end the program: nothing could be measured.
class Signer {
 public:
  /// `key` is the decoded account key.
  explicit Signer(std::string_view key);

  /// Appends the signature of `text`, base64.
  void AppendSignature(std::string& out, std::string_view text);

 private:
  struct Free {
    void operator()(EVP_MAC* p) const { EVP_MAC_free(p); }
    void operator()(EVP_MAC_CTX* p) const { EVP_MAC_CTX_free(p); }
  };
  std::unique_ptr<EVP_MAC, Free> mac_;
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

}  // namespace blobgate::bench
