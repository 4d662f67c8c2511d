// The account SAS (auth.md section 4).
#pragma once

#include <string>
#include <string_view>

#include "auth/credential.h"
#include "auth/sas_common.h"

namespace blobgate::auth {

/// What the signature of such a token is made of.
std::string AccountSasText(const SasFields& fields, std::string_view account);

/// Checks form, signature, time window, protocol and source address. What it may do is
/// Authorize's business. Errors: as Authenticate.
azure::Outcome<Credential> CheckAccountSas(const SasFields& fields, const http::RequestHead& head,
                                           const AccountKeys& account, Time now);

}  // namespace blobgate::auth
