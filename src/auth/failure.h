// The refusals of the authentication step, in Azure's words (auth.md sections 2, 9 and 11).
//
// Texts may repeat what the client sent and the string to sign; never a key, never a signature that
// was computed here.
#pragma once

#include <string_view>

#include "azure/errors.h"

namespace blobgate::auth {

/// 403 AuthenticationFailed with AuthenticationErrorDetail; without one when `detail` is empty.
/// Bytes of `detail` that XML cannot carry become '?'.
azure::Error AuthenticationFailed(std::string_view detail);

/// A SAS that is missing a field, has one twice, or has one that cannot be read.
azure::Error SasNotWellFormed();

/// A SAS whose signature no key of the account gives.
azure::Error SasSignatureMismatch(std::string_view string_to_sign);

/// 401 with AuthenticationErrorDetail and the bearer challenge, for a token that is not believed.
azure::Error BearerRefused(std::string_view detail, std::string_view challenge);

}  // namespace blobgate::auth
