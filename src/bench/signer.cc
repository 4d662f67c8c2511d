#include "bench/signer.h"

#include <openssl/core_names.h>
#include <openssl/params.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/encoding.h"

namespace blobgate::bench {
namespace {

void Require(bool done) {
  if (done) return;
  std::fprintf(stderr, "OpenSSL cannot make an HMAC\n");
  std::abort();
}

}  // namespace

Signer::Signer(std::string_view key) : mac_(EVP_MAC_fetch(nullptr, "HMAC", nullptr)) {
  Require(mac_ != nullptr);
  context_.reset(EVP_MAC_CTX_new(mac_.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, sizeof digest - 1),
      OSSL_PARAM_construct_end()};
  Require(context_ &&
          EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(key.data()),
                       key.size(), params) == 1);
}

void Signer::AppendSignature(std::string& out, std::string_view text) {
  std::array<std::byte, 32> digest;
  std::size_t length = 0;
  const bool done =
      EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&  // the key stays
      EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(text.data()),
                     text.size()) == 1 &&
      EVP_MAC_final(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), &length,
                    digest.size()) == 1;
  Require(done && length == digest.size());
  out += Base64Encode(digest);
}

}  // namespace blobgate::bench
