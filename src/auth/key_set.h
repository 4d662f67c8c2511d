// The public keys of a token issuer: a JSON Web Key Set (RFC 7517).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jws_algorithm.h"
#include "base/result.h"

namespace blobgate::auth {

struct PublicKey {
  std::string kid;                        ///< may be empty
  std::optional<JwsAlgorithm> algorithm;  ///< the only one it may be used with, when it says so
  OpensslPtr<EVP_PKEY> key;
};

/// Fixed once read; any thread.
class KeySet {
 public:
  static constexpr std::size_t kMaxBytes = 1024 * 1024;
  static constexpr std::size_t kMaxKeys = 256;

  KeySet() = default;

  /// Takes the RSA keys of 2048 to 8192 bits and the keys on P-256 and P-384; keys that are not for
  /// signatures, symmetric ones and unknown kinds are passed over, as the standard demands. Only
  /// the numbers of a key count: certificates and URLs in it are not looked at. Errors:
  /// kInvalidArgument (no key set, a key of a known kind that is malformed or weak, one kid and
  /// kind twice, too large).
  static Result<KeySet> Parse(std::string_view json);

  void Add(PublicKey key) { keys_.push_back(std::move(key)); }

  /// The key for a token: the one of that kid which may be used with `algorithm`. A token without
  /// kid gets the only key of a set of one. Null when there is none.
  const PublicKey* Find(std::string_view kid, JwsAlgorithm algorithm) const;
  bool empty() const { return keys_.empty(); }
  std::size_t size() const { return keys_.size(); }

 private:
  std::vector<PublicKey> keys_;
};

/// `key`'s public half as a JWK object (RFC 7518 section 6) with `kid`, `use` and `alg`.
std::string ToJwk(const EVP_PKEY* key, std::string_view kid, JwsAlgorithm algorithm);

/// The SHA-256 thumbprint (RFC 7638), base64url: what this server uses as the kid of its own key.
std::string ThumbprintOf(const EVP_PKEY* key);

}  // namespace blobgate::auth
