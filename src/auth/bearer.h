// The Bearer scheme of a request (auth.md section 11).
#pragma once

#include <string_view>

#include "auth/credential.h"
#include "auth/oauth.h"
#include "http/request_head.h"

namespace blobgate::auth {

/// The token of an Authorization header of this scheme; nullopt for other schemes.
std::optional<std::string_view> BearerTokenOf(std::string_view authorization);

/// May a token come this way? Over TLS, or from this machine itself, where a proxy or a test may
/// stand. 403 AuthenticationFailed otherwise, and for versions before bearer tokens (2017-11-09);
/// without a version the newest is meant.
azure::Outcome<void> CheckBearerTransport(const http::RequestHead& head);

/// The credential of a token that is valid for `account`. Errors: those of CheckBearerTransport and
/// OAuth::Verify.
azure::Outcome<Credential> CheckBearer(std::string_view token, const http::RequestHead& head,
                                       const AccountKeys& account, Time now, const OAuth* oauth);

}  // namespace blobgate::auth
