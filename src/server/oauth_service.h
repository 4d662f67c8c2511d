// Bearer tokens as configured: rules, keys of issuers, and what the local issuer publishes.
#pragma once

#include <memory>
#include <utility>

#include "auth/oauth.h"
#include "auth/signing_key.h"
#include "base/result.h"
#include "base/task.h"
#include "config/config.h"
#include "gateway/authenticator.h"
#include "gateway/discovery.h"
#include "gateway/issuer_keys.h"
#include "gateway/outside_client.h"
#include "net/http_client.h"

namespace blobgate::server {

/// The operator's rules in auth's terms. Errors: kInvalidArgument (a role that does not exist).
Result<auth::OAuthRules> OAuthRulesOf(const config::Config& config);

/// Owns all that bearer tokens need.
class OAuthService {
 public:
  /// Null when no issuer is configured. `clock` and `background` outlive it. Errors: those of
  /// OAuthRulesOf, of the local issuer's key file and of the CA file.
  static Result<std::unique_ptr<OAuthService>> Create(const config::Config& config,
                                                      const Clock& clock,
                                                      operations::Background& background);

  /// Roles, audiences, suffixes and clock skew for tokens from now on. Any thread.
  void Replace(auth::OAuthRules rules) { oauth_->Replace(std::move(rules)); }

  gateway::Authenticator authenticator() { return {*oauth_, *keys_}; }
  /// Null without a local issuer.
  const gateway::Discovery* discovery() const { return discovery_.get(); }
  /// Before requests are served; issuers that cannot be reached are asked again by requests.
  Task<void> LoadKeys() { return keys_->LoadAll(); }

 private:
  OAuthService() = default;

  std::unique_ptr<net::HttpClient> client_;
  std::unique_ptr<gateway::HttpOutsideClient> outside_;
  std::unique_ptr<gateway::IssuerKeys> keys_;
  std::unique_ptr<auth::OAuth> oauth_;
  std::unique_ptr<gateway::Discovery> discovery_;
};

}  // namespace blobgate::server
