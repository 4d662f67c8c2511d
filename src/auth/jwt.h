// JSON Web Tokens in the compact form of RFC 7515: three base64url parts with dots between.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/jws_algorithm.h"
#include "base/time.h"

namespace blobgate::auth {

/// What a token says, each as sent; empty or nullopt when absent.
struct Claims {
  std::string issuer;                  ///< iss
  std::vector<std::string> audiences;  ///< aud: one text or a list
  std::optional<Time> expires;         ///< exp
  std::optional<Time> not_before;      ///< nbf
  std::string oid;                     ///< Entra's id of the user or service principal
  std::string tid;                     ///< Entra's id of the tenant
  std::string sub;
  std::string appid;  ///< appid (v1 tokens) or azp (v2)
  std::vector<std::string> groups;
  std::vector<std::string> roles;  ///< app roles, not Azure's
};

/// A token that is well formed. Nothing in it may be believed before its signature was verified.
/// The views are those of the text that was parsed.
struct Jwt {
  JwsAlgorithm algorithm{};
  std::string kid;  ///< empty: none
  std::string_view signed_text;
  std::string signature;  ///< decoded
  Claims claims;
};

/// Bytes of the longest token that is looked at. Entra's have at most 200 groups, about 9 KiB.
inline constexpr std::size_t kMaxTokenBytes = 16 * 1024;

/// nullopt for everything else than a signed token with one of our algorithms: too long, another
/// number of parts, base64 with padding or left-over bits, JSON that is malformed or has a member
/// twice, an algorithm that is unknown (`none` and HMAC are), extensions that must be understood
/// (`crit`), a claim of the wrong type, a time outside the years 1970 to 9999. Keys that the header
/// brings along or points to (jwk, jku, x5c, x5u) are never looked at.
std::optional<Jwt> ParseJwt(std::string_view text);

/// The first two parts of a token, and the dot between: what is signed. `kid` and `claims` must be
/// JSON already, `kid` without quotes.
std::string SignedText(JwsAlgorithm algorithm, std::string_view kid, std::string_view claims);

}  // namespace blobgate::auth
