// Bearer tokens: which ones are believed, and what their bearers may do (auth.md section 11).
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/jwt.h"
#include "auth/key_set.h"
#include "auth/roles.h"
#include "azure/errors.h"
#include "base/published.h"
#include "base/time.h"

namespace blobgate::auth {

/// An issuer whose tokens are believed. Tenants differ, so that a tenant names its issuer.
struct Issuer {
  std::string name;    ///< `iss`, letter for letter
  std::string tenant;  ///< a GUID; `tid` must be it when a token has one
};

/// The operator's settings.
struct OAuthRules {
  std::vector<Issuer> issuers;
  std::vector<std::string> audiences;  ///< besides Azure's own and the accounts' endpoints
  std::vector<std::string> suffixes;   ///< service suffixes, lower case, without leading dot
  std::chrono::seconds clock_skew{300};
  std::string authority = "https://login.microsoftonline.com";  ///< of the challenge
  std::vector<RoleAssignment> roles;
};

/// Where issuers' public keys come from; they may change at any time.
class IssuerKeySource {
 public:
  virtual ~IssuerKeySource() = default;
  /// Never null. `issuer` is an index of OAuthRules::issuers. Any thread.
  virtual std::shared_ptr<const KeySet> KeysOf(std::size_t issuer) const = 0;
};

/// What a valid token proved.
struct Bearer {
  Principal principal;
  std::size_t issuer = 0;  ///< index of OAuthRules::issuers
};

/// Any thread. `keys` outlives it. Issuers and authority are fixed after construction.
class OAuth {
 public:
  OAuth(OAuthRules rules, const IssuerKeySource& keys);

  /// For tokens that are verified from now on. `rules` has issuers and authority as at first.
  void Replace(OAuthRules rules) {
    rules_.Set(std::make_shared<const OAuthRules>(std::move(rules)));
  }

  /// Verifies a token for `account`: form, issuer, signature, times, audience, tenant, in this
  /// order. Audiences: Azure Storage's own, `https://ACCOUNT.SUFFIX` of this account, and the
  /// operator's; a slash at the end does not count. Errors: 401 InvalidAuthenticationInfo with
  /// AuthenticationErrorDetail and the challenge.
  azure::Outcome<Bearer> Verify(std::string_view token, std::string_view account, Time now) const;

  /// The issuer whose keys a token needs and that has none for it; nullopt when nothing is missing
  /// or the token is not worth a look. Nothing is verified.
  std::optional<std::size_t> MissingKeyOf(std::string_view token) const;

  std::vector<Grant> GrantsOf(const Principal& principal, std::string_view account) const {
    return GrantsFor(rules_.Get()->roles, principal, account);
  }
  bool KnowsTenant(std::string_view tenant) const;
  const std::vector<Issuer>& issuers() const { return issuers_; }

  /// The challenge of a 401; lives as long as this.
  const std::string& challenge() const { return challenge_; }

 private:
  std::optional<std::size_t> IssuerOf(const Claims& claims) const;

  const std::vector<Issuer> issuers_;
  Published<OAuthRules> rules_;
  const IssuerKeySource& keys_;
  std::string challenge_;
};

/// `Bearer authorization_uri=... resource_id=...`, unquoted and space separated, as SDKs read it:
/// they take the tenant from the path and ask again only when it is a GUID.
std::string BearerChallenge(std::string_view authority, std::string_view tenant);

}  // namespace blobgate::auth
