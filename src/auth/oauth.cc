#include "auth/oauth.h"

#include <algorithm>
#include <utility>

#include "auth/failure.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

constexpr std::string_view kNoTenant = "00000000-0000-0000-0000-000000000000";

// What tokens for Azure Storage are made out to in every cloud; the second is its application id.
constexpr std::string_view kStorageAudiences[] = {"https://storage.azure.com",
                                                  "e406a681-f3d4-42a8-90b6-c2b029497af1"};
// Known even when no listener serves these names: SDKs can be told to ask for them.
constexpr std::string_view kAzureSuffixes[] = {"blob.core.windows.net", "dfs.core.windows.net"};

std::string_view WithoutSlash(std::string_view audience) {
  if (audience.ends_with('/')) audience.remove_suffix(1);
  return audience;
}

// The host of `https://host[:port]`; empty when it is anything else.
std::string_view HostOf(std::string_view audience) {
  constexpr std::string_view kScheme = "https://";
  if (!EqualsIgnoreCase(audience.substr(0, kScheme.size()), kScheme)) return {};
  const std::string_view authority = audience.substr(kScheme.size());
  const std::size_t colon = authority.find(':');
  if (colon != authority.npos && !ParseUnsigned(authority.substr(colon + 1))) return {};
  return authority.substr(0, colon);
}

bool IsHostOf(std::string_view host, std::string_view account, std::string_view suffix) {
  return host.size() == account.size() + 1 + suffix.size() &&
         EqualsIgnoreCase(host.substr(0, account.size()), account) && host[account.size()] == '.' &&
         EqualsIgnoreCase(host.substr(account.size() + 1), suffix);
}

Principal PrincipalOf(Claims claims, const Issuer& issuer) {
  Principal out;
  out.oid = ToLower(claims.oid.empty() ? claims.sub : claims.oid);
  out.tid = ToLower(issuer.tenant);
  out.sub = std::move(claims.sub);
  out.appid = std::move(claims.appid);
  out.groups = std::move(claims.groups);
  out.roles = std::move(claims.roles);
  return out;
}

// Empty: good.
std::string_view CheckTimes(const OAuthRules& rules, const Claims& claims, Time now) {
  if (!claims.expires) return "Lifetime validation failed. The token has no expiration time.";
  if (now >= *claims.expires + rules.clock_skew) {
    return "Lifetime validation failed. The token is expired.";
  }
  if (claims.not_before && now < *claims.not_before - rules.clock_skew) {
    return "Lifetime validation failed. The token is not yet valid.";
  }
  return {};
}

bool IsOurAudience(const OAuthRules& rules, std::string_view audience, std::string_view account) {
  audience = WithoutSlash(audience);
  if (std::ranges::find(kStorageAudiences, audience) != std::end(kStorageAudiences)) return true;
  for (const std::string& own : rules.audiences) {
    if (!audience.empty() && WithoutSlash(own) == audience) return true;
  }
  const std::string_view host = HostOf(audience);
  const auto is_host = [&](std::string_view suffix) { return IsHostOf(host, account, suffix); };
  return std::ranges::any_of(kAzureSuffixes, is_host) ||
         std::ranges::any_of(rules.suffixes, is_host);
}

bool IsForUs(const OAuthRules& rules, const Claims& claims, std::string_view account) {
  return std::ranges::any_of(claims.audiences, [&](std::string_view audience) {
    return IsOurAudience(rules, audience, account);
  });
}

}  // namespace

std::string BearerChallenge(std::string_view authority, std::string_view tenant) {
  std::string out = "Bearer authorization_uri=";
  out.append(WithoutSlash(authority)).append("/").append(tenant.empty() ? kNoTenant : tenant);
  return out + "/oauth2/authorize resource_id=https://storage.azure.com";
}

OAuth::OAuth(OAuthRules rules, const IssuerKeySource& keys)
    : issuers_(rules.issuers),
      rules_(std::make_shared<const OAuthRules>(std::move(rules))),
      keys_(keys) {
  const std::string_view tenant = issuers_.empty() ? std::string_view() : issuers_.front().tenant;
  challenge_ = BearerChallenge(rules_.Get()->authority, tenant);
}

std::optional<std::size_t> OAuth::IssuerOf(const Claims& claims) const {
  for (std::size_t i = 0; i < issuers_.size(); ++i) {
    if (issuers_[i].name == claims.issuer) return i;
  }
  return std::nullopt;
}

bool OAuth::KnowsTenant(std::string_view tenant) const {
  return std::ranges::any_of(
      issuers_, [&](const Issuer& issuer) { return EqualsIgnoreCase(issuer.tenant, tenant); });
}

azure::Outcome<Bearer> OAuth::Verify(std::string_view text, std::string_view account,
                                     Time now) const {
  const auto refuse = [this](std::string_view why) {
    return azure::Fail(BearerRefused(why, challenge_));
  };
  auto token = ParseJwt(text);
  if (!token) return refuse("The token is not well formed.");
  const auto issuer = IssuerOf(token->claims);
  if (!issuer) return refuse("Issuer validation failed. Issuer did not match.");
  const auto keys = keys_.KeysOf(*issuer);
  const PublicKey* key = keys->Find(token->kid, token->algorithm);
  if (key == nullptr) return refuse("Signature validation failed. The key was not found.");
  if (!VerifyJws(token->algorithm, key->key.get(), token->signed_text, token->signature)) {
    return refuse("Signature validation failed. The signature did not match.");
  }
  const auto rules = rules_.Get();
  const auto problem = CheckTimes(*rules, token->claims, now);
  if (!problem.empty()) return refuse(problem);
  if (!IsForUs(*rules, token->claims, account)) {
    return refuse("Audience validation failed. Audience did not match.");
  }
  const Issuer& from = issuers_[*issuer];
  if (!token->claims.tid.empty() && !EqualsIgnoreCase(token->claims.tid, from.tenant)) {
    return refuse("Issuer validation failed. Tenant did not match.");
  }
  Bearer bearer{PrincipalOf(std::move(token->claims), from), *issuer};
  if (bearer.principal.oid.empty()) return refuse("The token names nobody.");
  return bearer;
}

std::optional<std::size_t> OAuth::MissingKeyOf(std::string_view text) const {
  const auto token = ParseJwt(text);
  if (!token) return std::nullopt;
  const auto issuer = IssuerOf(token->claims);
  if (!issuer || keys_.KeysOf(*issuer)->Find(token->kid, token->algorithm)) return std::nullopt;
  return issuer;
}

}  // namespace blobgate::auth
