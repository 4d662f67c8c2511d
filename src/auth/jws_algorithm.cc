#include "auth/jws_algorithm.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include <iterator>
#include <string>

namespace blobgate::auth {
namespace {

struct Details {
  JwsAlgorithm id;
  std::string_view name;
  const char* digest;
  const char* curve;  ///< OpenSSL's name; null: RSA
  bool pss = false;
  std::size_t number_bytes = 0;  ///< of r and of s
};

constexpr Details kAlgorithms[] = {
    {JwsAlgorithm::kRs256, "RS256", "SHA256", nullptr},
    {JwsAlgorithm::kRs384, "RS384", "SHA384", nullptr},
    {JwsAlgorithm::kRs512, "RS512", "SHA512", nullptr},
    {JwsAlgorithm::kPs256, "PS256", "SHA256", nullptr, true},
    {JwsAlgorithm::kEs256, "ES256", "SHA256", "prime256v1", false, 32},
    {JwsAlgorithm::kEs384, "ES384", "SHA384", "secp384r1", false, 48},
};

constexpr const Details& DetailsOf(JwsAlgorithm algorithm) {
  return kAlgorithms[static_cast<std::size_t>(algorithm)];
}

const unsigned char* Raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The DER form that OpenSSL works with.
std::optional<std::string> ToDer(std::string_view raw, std::size_t number_bytes) {
  if (raw.size() != 2 * number_bytes) return std::nullopt;
  const int n = static_cast<int>(number_bytes);
  OpensslPtr<ECDSA_SIG> pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(Raw(raw), n, nullptr);
  BIGNUM* s = BN_bin2bn(Raw(raw) + n, n, nullptr);
  if (!pair || ECDSA_SIG_set0(pair.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return std::nullopt;
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &der);
  if (size <= 0) return std::nullopt;
  std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return out;
}

std::optional<std::string> FromDer(std::string_view der, std::size_t number_bytes) {
  const unsigned char* at = Raw(der);
  OpensslPtr<ECDSA_SIG> pair(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!pair) return std::nullopt;
  std::string out(2 * number_bytes, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  const int n = static_cast<int>(number_bytes);
  if (BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), to, n) != n ||
      BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), to + n, n) != n) {
    return std::nullopt;
  }
  return out;
}

bool SetPadding(const Details& details, EVP_PKEY_CTX* ctx) {
  if (details.curve != nullptr) return true;
  if (!details.pss) return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
  return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
}

bool Verify(const Details& details, EVP_PKEY* key, std::string_view text, std::string_view raw) {
  OpensslPtr<EVP_MD_CTX> ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by ctx
  return ctx &&
         EVP_DigestVerifyInit_ex(ctx.get(), &parameters, details.digest, nullptr, nullptr, key,
                                 nullptr) == 1 &&
         SetPadding(details, parameters) &&
         EVP_DigestVerify(ctx.get(), Raw(raw), raw.size(), Raw(text), text.size()) == 1;
}

}  // namespace

std::optional<JwsAlgorithm> JwsAlgorithmOf(std::string_view name) {
  for (const Details& details : kAlgorithms) {
    if (details.name == name) return details.id;
  }
  return std::nullopt;
}

std::string_view NameOf(JwsAlgorithm algorithm) {
  return DetailsOf(algorithm).name;
}

bool Fits(JwsAlgorithm algorithm, const EVP_PKEY* key) {
  const Details& details = DetailsOf(algorithm);
  if (details.curve == nullptr) return EVP_PKEY_is_a(key, "RSA") == 1;
  char group[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof(group), &size) == 1 &&
         std::string_view(group, size) == details.curve;
}

bool VerifyJws(JwsAlgorithm algorithm, EVP_PKEY* key, std::string_view text,
               std::string_view signature) {
  if (!Fits(algorithm, key)) return false;
  const Details& details = DetailsOf(algorithm);
  std::string der;
  if (details.curve != nullptr) {
    auto converted = ToDer(signature, details.number_bytes);
    if (!converted) return false;
    der = *std::move(converted);
    signature = der;
  }
  const bool good = Verify(details, key, text, signature);
  if (!good) ERR_clear_error();  // the thread's queue is shared with TLS
  return good;
}

std::optional<std::string> SignJws(JwsAlgorithm algorithm, EVP_PKEY* key, std::string_view text) {
  if (!Fits(algorithm, key)) return std::nullopt;
  const Details& details = DetailsOf(algorithm);
  OpensslPtr<EVP_MD_CTX> ctx(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // owned by ctx
  std::size_t size = 0;
  if (!ctx ||
      EVP_DigestSignInit_ex(ctx.get(), &parameters, details.digest, nullptr, nullptr, key,
                            nullptr) != 1 ||
      !SetPadding(details, parameters) ||
      EVP_DigestSign(ctx.get(), nullptr, &size, Raw(text), text.size()) != 1) {
    return std::nullopt;
  }
  std::string out(size, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (EVP_DigestSign(ctx.get(), to, &size, Raw(text), text.size()) != 1) return std::nullopt;
  out.resize(size);
  if (details.curve != nullptr) return FromDer(out, details.number_bytes);
  return out;
}

}  // namespace blobgate::auth
