#include "auth/key_set.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "azure/strict_json.h"
#include "base/digest.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

using nlohmann::json;

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
constexpr std::size_t kMaxExponentBytes = 4;

std::unexpected<Error> Bad(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

struct Curve {
  const char* jwk;
  const char* openssl;
  std::size_t bytes;  ///< of a coordinate
};
constexpr Curve kCurves[] = {{"P-256", "prime256v1", 32}, {"P-384", "secp384r1", 48}};

OpensslPtr<BIGNUM> NumberOf(std::string_view bytes) {
  return OpensslPtr<BIGNUM>(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                      static_cast<int>(bytes.size()), nullptr));
}

// Null when the numbers make no key.
OpensslPtr<EVP_PKEY> Build(const char* kind, OSSL_PARAM_BLD* parts) {
  OpensslPtr<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(parts));
  OpensslPtr<EVP_PKEY_CTX> ctx(EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr));
  EVP_PKEY* key = nullptr;
  const bool built = parameters && ctx && EVP_PKEY_fromdata_init(ctx.get()) == 1 &&
                     EVP_PKEY_fromdata(ctx.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) == 1;
  if (!built) ERR_clear_error();
  return OpensslPtr<EVP_PKEY>(built ? key : nullptr);
}

bool IsOnItsCurve(EVP_PKEY* key) {
  OpensslPtr<EVP_PKEY_CTX> ctx(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  const bool good = ctx && EVP_PKEY_public_check(ctx.get()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

std::optional<std::string> Bytes64(const json& jwk, const char* name) {
  const auto text = azure::TextMember(jwk, name);
  if (!text || text->empty()) return std::nullopt;
  return Base64UrlDecode(*text);
}

Result<OpensslPtr<EVP_PKEY>> RsaKey(const json& jwk) {
  const auto n = Bytes64(jwk, "n");
  const auto e = Bytes64(jwk, "e");
  if (!n || !e) return Bad("an RSA key without n and e");
  if (n->size() > kMaxRsaBits / 8 + 1 || e->size() > kMaxExponentBytes) {
    return Bad("an RSA key with too large numbers");
  }
  const auto modulus = NumberOf(*n);
  const auto exponent = NumberOf(*e);
  if (!modulus || !exponent) return Bad("an RSA key that OpenSSL refuses");
  const int bits = BN_num_bits(modulus.get());
  if (bits < kMinRsaBits || bits > kMaxRsaBits) return Bad("an RSA key not of 2048 to 8192 bits");
  if (!BN_is_odd(modulus.get()) || !BN_is_odd(exponent.get()) || BN_is_one(exponent.get())) {
    return Bad("an RSA key with impossible numbers");
  }
  OpensslPtr<OSSL_PARAM_BLD> parts(OSSL_PARAM_BLD_new());
  if (!parts || OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(parts.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1) {
    return Bad("an RSA key that OpenSSL refuses");
  }
  auto key = Build("RSA", parts.get());
  if (!key) return Bad("an RSA key that OpenSSL refuses");
  return key;
}

Result<OpensslPtr<EVP_PKEY>> EcKey(const json& jwk, const Curve& curve) {
  const auto x = Bytes64(jwk, "x");
  const auto y = Bytes64(jwk, "y");
  if (!x || !y || x->size() != curve.bytes || y->size() != curve.bytes) {
    return Bad("an EC key whose coordinates are not those of its curve");
  }
  const std::string point = "\x04" + *x + *y;  // uncompressed
  OpensslPtr<OSSL_PARAM_BLD> parts(OSSL_PARAM_BLD_new());
  if (!parts ||
      OSSL_PARAM_BLD_push_utf8_string(parts.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.openssl, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(parts.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return Bad("an EC key that OpenSSL refuses");
  }
  auto key = Build("EC", parts.get());
  if (!key || !IsOnItsCurve(key.get())) return Bad("an EC key that is not on its curve");
  return key;
}

bool IsForSignatures(const json& jwk) {
  const auto use = azure::TextMember(jwk, "use");
  if (!use || (!use->empty() && *use != "sig")) return false;
  const auto operations = azure::TextsMember(jwk, "key_ops");
  return operations &&
         (operations->empty() || std::ranges::find(*operations, "verify") != operations->end());
}

// A null key: one to pass over.
Result<PublicKey> ReadKey(const json& jwk) {
  PublicKey out;
  if (!jwk.is_object()) return Bad("a key that is no object");
  const auto kid = azure::TextMember(jwk, "kid");
  const auto kind = azure::TextMember(jwk, "kty");
  const auto algorithm = azure::TextMember(jwk, "alg");
  if (!kid || !kind || !algorithm) return Bad("a key whose kid, kty or alg is no string");
  if (!IsForSignatures(jwk)) return out;
  out.kid = *kid;
  out.algorithm = JwsAlgorithmOf(*algorithm);
  if (!algorithm->empty() && !out.algorithm) return out;
  if (*kind == "RSA") {
    BG_TRY(out.key, RsaKey(jwk));
  } else if (*kind == "EC") {
    const auto name = azure::TextMember(jwk, "crv");
    for (const Curve& curve : kCurves) {
      if (name != curve.jwk) continue;
      BG_TRY(out.key, EcKey(jwk, curve));
    }
  }
  if (out.key && out.algorithm && !Fits(*out.algorithm, out.key.get())) {
    return Bad("a key whose alg does not fit its kind");
  }
  return out;
}

std::string NumberText(const EVP_PKEY* key, const char* name, std::size_t bytes) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) return {};
  const OpensslPtr<BIGNUM> number(raw);
  if (bytes == 0) bytes = static_cast<std::size_t>(BN_num_bytes(number.get()));
  std::string out(bytes, '\0');
  BN_bn2binpad(number.get(), reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(bytes));
  return Base64UrlEncode(out);
}

// The members that make the key, in the order of RFC 7638.
json RequiredMembers(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    return {{"kty", "RSA"},
            {"n", NumberText(key, OSSL_PKEY_PARAM_RSA_N, 0)},
            {"e", NumberText(key, OSSL_PKEY_PARAM_RSA_E, 0)}};
  }
  const Curve& curve = Fits(JwsAlgorithm::kEs256, key) ? kCurves[0] : kCurves[1];
  return {{"kty", "EC"},
          {"crv", curve.jwk},
          {"x", NumberText(key, OSSL_PKEY_PARAM_EC_PUB_X, curve.bytes)},
          {"y", NumberText(key, OSSL_PKEY_PARAM_EC_PUB_Y, curve.bytes)}};
}

}  // namespace

Result<KeySet> KeySet::Parse(std::string_view text) {
  if (text.size() > kMaxBytes) return Bad("the key set is larger than 1 MiB");
  const auto object = azure::ParseStrictObject(text);
  if (!object || !object->contains("keys") || !object->at("keys").is_array()) {
    return Bad("not a JSON Web Key Set");
  }
  KeySet out;
  for (const json& jwk : object->at("keys")) {
    BG_TRY(PublicKey key, ReadKey(jwk));
    if (!key.key) continue;
    const auto same = [&key](const PublicKey& other) {
      return other.kid == key.kid &&
             EVP_PKEY_get_base_id(other.key.get()) == EVP_PKEY_get_base_id(key.key.get());
    };
    if (std::ranges::any_of(out.keys_, same)) return Bad("the key set has a kid twice");
    if (out.keys_.size() == kMaxKeys) return Bad("the key set has more than 256 keys");
    out.keys_.push_back(std::move(key));
  }
  return out;
}

const PublicKey* KeySet::Find(std::string_view kid, JwsAlgorithm algorithm) const {
  if (kid.empty() && keys_.size() != 1) return nullptr;
  for (const PublicKey& key : keys_) {
    if (!kid.empty() && key.kid != kid) continue;
    if (key.algorithm.value_or(algorithm) != algorithm) continue;
    if (Fits(algorithm, key.key.get())) return &key;
  }
  return nullptr;
}

std::string ToJwk(const EVP_PKEY* key, std::string_view kid, JwsAlgorithm algorithm) {
  json jwk = RequiredMembers(key);
  jwk["kid"] = kid;
  jwk["use"] = "sig";
  jwk["alg"] = NameOf(algorithm);
  return jwk.dump();
}

std::string ThumbprintOf(const EVP_PKEY* key) {
  // nlohmann's objects are sorted by name and dump() writes no blanks: RFC 7638's form.
  return Base64UrlEncode(Sha256Of(AsBytes(RequiredMembers(key).dump())));
}

}  // namespace blobgate::auth
