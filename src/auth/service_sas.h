// The service SAS signed with an account key, every generation (auth.md section 5).
#pragma once

#include <string>
#include <string_view>

#include "auth/credential.h"
#include "auth/sas_common.h"

namespace blobgate::auth {

/// kWithEmptyIp: one retired SDK signs lines for sip and spr before there were any.
enum class SasLines { kOfVersion, kWithEmptyIp };

/// What the signature of such a token is made of; `resource` is that of CoveredResource.
std::string ServiceSasText(const SasFields& fields, std::string_view resource,
                           SasLines lines = SasLines::kOfVersion);

/// Checks form, signature over what the URL names, the token's own times, protocol and source
/// address. When the token names a stored policy, ApplyPolicy completes it. Errors: as
/// Authenticate.
azure::Outcome<Credential> CheckServiceSas(const SasFields& fields, const http::RequestHead& head,
                                           const azure::Resource& resource,
                                           const AccountKeys& account, Time now);

}  // namespace blobgate::auth
