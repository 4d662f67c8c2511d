// SHA-256 and HMAC-SHA256 over OpenSSL.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/buffer.h"

namespace blobgate {

using Md5Digest = std::array<std::byte, 16>;
using Sha256Digest = std::array<std::byte, 32>;

Sha256Digest Sha256Of(Bytes data);
/// RFC 2104. `key` is the decoded account key.
Sha256Digest HmacSha256(Bytes key, Bytes message);
/// Takes the same time whatever differs. False at once when the lengths differ.
bool EqualConstantTime(Bytes a, Bytes b);

}  // namespace blobgate
