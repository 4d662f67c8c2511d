// The private key of the local issuer: it signs tokens where there is no cloud to do so.
#pragma once

#include <string>
#include <string_view>

#include "auth/key_set.h"
#include "base/result.h"

namespace blobgate::auth {

/// Any thread.
class SigningKey {
 public:
  enum class Kind { kRsa, kEc };

  /// RSA of 3072 bits, or EC on P-256. Errors: kInternal.
  static Result<SigningKey> Generate(Kind kind);
  /// Reads an unencrypted PEM file of RSA (2048 bits or more), P-256 or P-384. Errors: kNotFound
  /// (cannot be read), kInvalidArgument (no such key; or others than its owner may read the file).
  static Result<SigningKey> Load(const std::string& file);

  /// Writes a new PEM file (PKCS #8) of mode 0600. Errors: kConflict (it exists), kIoError.
  Status Save(const std::string& file) const;

  /// RS256, ES256 or ES384.
  JwsAlgorithm algorithm() const { return algorithm_; }
  /// The key's thumbprint: it changes with the key, and needs no book-keeping.
  const std::string& kid() const { return kid_; }

  /// The whole token for a JSON object of claims. Errors: kInternal.
  Result<std::string> Sign(std::string_view claims) const;

  /// The public half, as a JSON Web Key Set.
  std::string PublicKeys() const;

 private:
  explicit SigningKey(OpensslPtr<EVP_PKEY> key, JwsAlgorithm algorithm);

  OpensslPtr<EVP_PKEY> key_;
  JwsAlgorithm algorithm_;
  std::string kid_;
};

}  // namespace blobgate::auth
