// The user delegation SAS, every generation (auth.md section 8).
#pragma once

#include "auth/credential.h"
#include "auth/oauth.h"
#include "auth/sas_common.h"

namespace blobgate::auth {

/// Checks form, signature under the key that the token's own sk fields derive, both time windows,
/// protocol, source address, and that the key's tenant is one of ours. `user` is the bearer whose
/// token came with the request (null: none); a token with sduoid is for that bearer alone. The
/// rights of who made it are looked up now, so that taking a role away takes the SAS away. Errors:
/// as Authenticate.
azure::Outcome<Credential> CheckDelegationSas(const SasFields& fields,
                                              const http::RequestHead& head,
                                              const azure::Resource& resource,
                                              const AccountKeys& account, Time now,
                                              const OAuth* oauth, const Credential* user);

}  // namespace blobgate::auth
