#include "server/oauth_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/encoding.h"

namespace blobgate::server {
namespace {

Result<auth::RoleAssignment> RoleOf(const config::RoleConfig& rule) {
  const auto actions = auth::ActionsOf(rule.role);
  if (!actions) {
    return Fail(Errc::kInvalidArgument, "oauth.roles: \"" + rule.role + "\": no such role");
  }
  return auth::RoleAssignment{.actions = *actions,
                              .tenant = rule.tenant,
                              .oid = rule.oid,
                              .appid = rule.appid,
                              .group = rule.group,
                              .app_role = rule.app_role,
                              .sub = rule.sub,
                              .account = rule.account,
                              .container = rule.container,
                              .prefix = rule.prefix};
}

Result<std::vector<gateway::KeyOrigin>> OriginsOf(const config::OAuthConfig& config,
                                                  const std::optional<auth::SigningKey>& local) {
  std::vector<gateway::KeyOrigin> out;
  for (const auto& issuer : config.issuers) {
    gateway::KeyOrigin origin{
        .issuer = issuer.issuer, .file = issuer.jwks_file, .url = {}, .fixed = {}};
    if (!issuer.jwks_url.empty()) {
      origin.url = gateway::ParseSourceUrl(issuer.jwks_url);
      if (!origin.url) {
        return Fail(Errc::kInvalidArgument, "oauth.issuers: " + issuer.jwks_url + ": not a URL");
      }
    }
    out.push_back(std::move(origin));
  }
  if (local) {
    BG_TRY(auth::KeySet keys, auth::KeySet::Parse(local->PublicKeys()));
    out.push_back({.issuer = config.local_issuer.issuer,
                   .file = {},
                   .url = {},
                   .fixed = std::make_shared<auth::KeySet>(std::move(keys))});
  }
  return out;
}

}  // namespace

Result<auth::OAuthRules> OAuthRulesOf(const config::Config& config) {
  auth::OAuthRules rules;
  const auto& oauth = config.oauth;
  for (const auto& issuer : oauth.issuers) rules.issuers.push_back({issuer.issuer, issuer.tenant});
  if (!oauth.local_issuer.key_file.empty()) {
    rules.issuers.push_back({oauth.local_issuer.issuer, oauth.local_issuer.tenant});
  }
  rules.audiences = oauth.audiences;
  rules.suffixes = config.suffixes;
  rules.clock_skew = oauth.clock_skew;
  rules.authority = oauth.authority;
  for (const auto& role : oauth.roles) {
    BG_TRY(auto rule, RoleOf(role));
    rules.roles.push_back(std::move(rule));
  }
  return rules;
}

Result<std::unique_ptr<OAuthService>> OAuthService::Create(const config::Config& config,
                                                           const Clock& clock,
                                                           operations::Background& background) {
  BG_TRY(auth::OAuthRules rules, OAuthRulesOf(config));
  const auto& oauth = config.oauth;
  if (!oauth.enabled()) return std::unique_ptr<OAuthService>();
  std::unique_ptr<OAuthService> out(new OAuthService());
  std::optional<auth::SigningKey> local;
  if (!oauth.local_issuer.key_file.empty()) {
    BG_TRY(local, auth::SigningKey::Load(oauth.local_issuer.key_file));
    out->discovery_ = std::make_unique<gateway::Discovery>(
        oauth.local_issuer.issuer, oauth.local_issuer.tenant, local->PublicKeys());
  }
  net::ClientOptions options;
  options.ca_file = oauth.ca_file;
  BG_TRY(out->client_, net::HttpClient::Create(std::move(options)));
  out->outside_ = std::make_unique<gateway::HttpOutsideClient>(*out->client_);
  BG_TRY(auto origins, OriginsOf(oauth, local));
  gateway::KeyTimes times;
  times.url_age = oauth.jwks_max_age;
  out->keys_ = std::make_unique<gateway::IssuerKeys>(std::move(origins), *out->outside_, clock,
                                                     background, times);
  out->oauth_ = std::make_unique<auth::OAuth>(std::move(rules), *out->keys_);
  return out;
}

}  // namespace blobgate::server
