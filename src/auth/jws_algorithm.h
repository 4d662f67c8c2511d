// The signature algorithms of tokens (RFC 7518 section 3). There is no `none` and no HMAC: nothing
// that a public key could be mistaken for a secret of.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "auth/openssl_handles.h"

namespace blobgate::auth {

enum class JwsAlgorithm { kRs256, kRs384, kRs512, kPs256, kEs256, kEs384 };

/// nullopt for a name that is not accepted. Names compare with case, as the standard says.
std::optional<JwsAlgorithm> JwsAlgorithmOf(std::string_view name);
std::string_view NameOf(JwsAlgorithm algorithm);

/// Whether a key of this kind may be used with the algorithm: RSA for RS and PS, and for ES the
/// curve that the algorithm names.
bool Fits(JwsAlgorithm algorithm, const EVP_PKEY* key);

/// Verifies `signature` (as JOSE writes it: r and s side by side for ES) over `text`. False for a
/// key that does not fit. Any thread.
bool VerifyJws(JwsAlgorithm algorithm, EVP_PKEY* key, std::string_view text,
               std::string_view signature);

/// Signs `text`; nullopt when the key does not fit or OpenSSL fails.
std::optional<std::string> SignJws(JwsAlgorithm algorithm, EVP_PKEY* key, std::string_view text);

}  // namespace blobgate::auth
