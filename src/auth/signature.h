// HMAC-SHA256 signatures under an account's keys.
#pragma once

#include <string>
#include <string_view>

#include "auth/credential.h"

namespace blobgate::auth {

/// Is a text signed once, or again and again (that of a SAS)? Signatures of the latter are kept by
/// thread, for the texts used last and at most 64 of them.
enum class TextUse { kOnce, kRepeated };

/// base64, under the first key. REQUIRES: there is one.
std::string SignatureOf(const AccountKeys& account, std::string_view string_to_sign);

/// True when `signature`, base64 as sent, is that of `string_to_sign` under one of the keys. Takes
/// the same time whichever byte differs. The text is compared, so other spellings of the same bytes
/// are refused. An empty key signs nothing.
bool SignedByAny(const AccountKeys& account, std::string_view string_to_sign,
                 std::string_view signature, TextUse use);

}  // namespace blobgate::auth
