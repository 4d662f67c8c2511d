// A token issuer of the tests' own, and the rules of a server that believes it.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "auth/oauth.h"
#include "auth/signing_key.h"
#include "auth_request.h"

namespace blobgate::auth {

inline constexpr const char* kTenant = "22222222-2222-2222-2222-222222222222";
inline constexpr const char* kOtherTenant = "66666666-6666-6666-6666-666666666666";
inline constexpr const char* kOid = "11111111-1111-1111-1111-111111111111";
inline constexpr const char* kIssuer =
    "https://sts.windows.net/22222222-2222-2222-2222-222222222222/";
inline constexpr const char* kOtherIssuer = "https://other.example/";

/// Made once: RSA keys take a while.
inline const SigningKey& RsaTestKey() {
  static const SigningKey key = *SigningKey::Generate(SigningKey::Kind::kRsa);
  return key;
}
inline const SigningKey& EcTestKey() {
  static const SigningKey key = *SigningKey::Generate(SigningKey::Kind::kEc);
  return key;
}

/// Keys by issuer, as the test puts them.
class FixedKeys final : public IssuerKeySource {
 public:
  std::map<std::size_t, std::shared_ptr<const KeySet>> sets;

  std::shared_ptr<const KeySet> KeysOf(std::size_t issuer) const override {
    const auto found = sets.find(issuer);
    return found == sets.end() ? std::make_shared<KeySet>() : found->second;
  }
  void Set(std::size_t issuer, std::string_view jwks) {
    sets[issuer] = std::make_shared<KeySet>(*KeySet::Parse(jwks));
  }
};

/// Believes RsaTestKey of kIssuer and EcTestKey of kOtherIssuer.
struct TestServer {
  FixedKeys keys;
  OAuthRules rules;
  std::unique_ptr<OAuth> oauth;

  explicit TestServer(std::vector<RoleAssignment> roles = {}) {
    rules.issuers = {{kIssuer, kTenant}, {kOtherIssuer, kOtherTenant}};
    rules.suffixes = {"blob.gate.test"};
    rules.audiences = {"https://storage.gate.test"};
    rules.roles = std::move(roles);
    keys.Set(0, RsaTestKey().PublicKeys());
    keys.Set(1, EcTestKey().PublicKeys());
    oauth = std::make_unique<OAuth>(rules, keys);
  }

  std::string_view Verify(std::string_view token, Time now = kNow) const {
    detail = {};
    const auto outcome = oauth->Verify(token, "devstoreaccount1", now);
    detail = DetailOf(outcome);
    return CodeOf(outcome);
  }
  mutable std::string detail;  ///< of the last Verify
};

inline std::int64_t Unix(Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

inline nlohmann::json GoodClaims(const char* issuer = kIssuer) {
  return {{"iss", issuer},     {"aud", "https://storage.azure.com"},
          {"oid", kOid},       {"sub", "sub-1"},
          {"nbf", Unix(kNow)}, {"exp", Unix(kNow + std::chrono::hours(1))}};
}

inline std::string TokenOf(const nlohmann::json& claims, const SigningKey& key = RsaTestKey()) {
  return *key.Sign(claims.dump());
}

/// A token whose parts are what the test says; `signature` is raw.
inline std::string RawToken(std::string_view header, std::string_view claims,
                            std::string_view signature) {
  return Base64UrlEncode(header) + "." + Base64UrlEncode(claims) + "." + Base64UrlEncode(signature);
}

}  // namespace blobgate::auth
