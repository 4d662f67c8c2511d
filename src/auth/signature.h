// HMAC-SHA256 signatures under an account's keys.
#pragma once

#include <string_view>

#include "auth/credential.h"

namespace blobgate::auth {

/// True when `signature`, base64 as sent, is that of `string_to_sign` under one of the keys. Takes
/// the same time whichever byte or key differs. The text is compared, so other spellings of the
/// same bytes are refused. An empty key signs nothing.
bool SignedByAny(const AccountKeys& account, std::string_view string_to_sign,
                 std::string_view signature);

}  // namespace blobgate::auth
