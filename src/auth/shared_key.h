// Shared Key and Shared Key Lite (auth.md sections 2 and 3).
#pragma once

#include <string_view>

#include "auth/credential.h"

namespace blobgate::auth {

/// What an Authorization header of either scheme claims.
struct SharedKeyClaim {
  bool lite = false;
  std::string_view account;
  std::string_view signature;
};

/// Checks the claim against the request. Errors: 403 AuthenticationFailed (account name, date,
/// signature), 400 InvalidHeaderValue when a signed header was sent twice.
azure::Outcome<Credential> CheckSharedKey(const SharedKeyClaim& claim,
                                          const http::RequestHead& head,
                                          const azure::Resource& resource,
                                          const AccountKeys& account, Time now);

}  // namespace blobgate::auth
