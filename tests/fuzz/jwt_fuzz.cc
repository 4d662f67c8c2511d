// Bearer tokens from anybody. The input is a token, or a JSON Web Key Set when it starts with `{`.
//
// The corpus holds tokens with valid signatures under the key set that is built in here.
#include <memory>
#include <string>

#include "auth/jwt.h"
#include "auth/key_set.h"
#include "auth/oauth.h"
#include "base/encoding.h"
#include "fuzz/input.h"

namespace {

using namespace blobgate;
using fuzz::Require;

constexpr std::string_view kIssuer =
    "https://sts.windows.net/22222222-2222-2222-2222-222222222222/";
constexpr std::string_view kTenant = "22222222-2222-2222-2222-222222222222";

// The public key of the recorded tokens; nobody has the private one.
constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"RSA","n":")"
    "zkyzf7Ahqh3pKlVM7-2GArbp6zBcMkSDnkyl_B3t-yL4RTZvlYWYuy05kZULpwcVD0qcyhWjM2aAwcL6zRSGEowKhrKA"
    "wjEmdjuIm8Qbe0z7r0UgG52895QLHqUGWqqgg-0acjneI6meOJGTJv_2PEQ3TEqeeZwfSlwX_9vXJT_nDKjFxQCJoqhC"
    "EsYcm16KjvldAtR2L0aLcU9hmxmbU4lzkFDftPq6MH3jkw7oc87QWfYqjSz_K6hCWgp-vqFc4EDLxYikGVJLZEta2tPl"
    "JeNMJzuHdUQdvCWPQkR0xbIicCxi2q1eLA1PsxpuVSd6B6fnhRm_pGhO4Ggii46pMQ"
    R"(","e":"AQAB","kid":"test-key-1"}]})";

class Keys final : public auth::IssuerKeySource {
 public:
  std::shared_ptr<const auth::KeySet> KeysOf(std::size_t) const override { return keys_; }

 private:
  std::shared_ptr<const auth::KeySet> keys_ =
      std::make_shared<auth::KeySet>(*auth::KeySet::Parse(kKeys));
};

void CheckToken(std::string_view text) {
  static const Keys keys;
  static const auth::OAuth oauth({.issuers = {{std::string(kIssuer), std::string(kTenant)}},
                                  .audiences = {},
                                  .suffixes = {},
                                  .roles = {}},
                                 keys);
  const auto token = auth::ParseJwt(text);
  const auto bearer = oauth.Verify(text, "myaccount", *ParseIso8601("2026-01-15T12:00:00Z"));
  if (token) {
    Require(text.size() <= auth::kMaxTokenBytes);
    // There is one spelling of a token only.
    Require(std::string(token->signed_text) + "." + Base64UrlEncode(token->signature) == text);
  }
  if (!bearer) {
    Require(bearer.error().http_status() == 401);
    return;
  }
  Require(token && token->claims.issuer == kIssuer && token->kid == "test-key-1");
  Require(bearer->principal.tid == kTenant && !bearer->principal.oid.empty());
}

void CheckKeySet(std::string_view text) {
  const auto keys = auth::KeySet::Parse(text);
  if (!keys) return;
  Require(keys->size() <= auth::KeySet::kMaxKeys);
  using enum auth::JwsAlgorithm;
  for (const auto algorithm : {kRs256, kRs384, kRs512, kPs256, kEs256, kEs384}) {
    const auto* key = keys->Find("test-key-1", algorithm);
    if (key == nullptr) continue;
    Require(auth::Fits(algorithm, key->key.get()));
    Require(!auth::VerifyJws(algorithm, key->key.get(), "text", "signature"));
    (void)auth::ThumbprintOf(key->key.get());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::TextOf(data, size);
  text.starts_with('{') ? CheckKeySet(text) : CheckToken(text);
  return 0;
}
