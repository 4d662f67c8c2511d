// Authentication with its waits: the keys of a token's issuer may have to be read first.
#pragma once

#include <string_view>

#include "auth/credential.h"
#include "auth/oauth.h"
#include "base/task.h"
#include "gateway/issuer_keys.h"

namespace blobgate::gateway {

/// Any thread. Without OAuth no bearer token is believed.
class Authenticator {
 public:
  Authenticator() = default;
  /// Both outlive this.
  Authenticator(const auth::OAuth& oauth, IssuerKeys& keys) : oauth_(&oauth), keys_(&keys) {}

  /// As auth::Authenticate.
  Task<azure::Outcome<auth::Credential>> Authenticate(const http::RequestHead& head,
                                                      const azure::Resource& resource,
                                                      const auth::AccountKeys* account,
                                                      Time now) const;

 private:
  const auth::OAuth* oauth_ = nullptr;
  IssuerKeys* keys_ = nullptr;
};

}  // namespace blobgate::gateway
