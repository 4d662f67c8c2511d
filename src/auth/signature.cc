#include "auth/signature.h"

#include <string>

#include "base/digest.h"
#include "base/encoding.h"

namespace blobgate::auth {

bool SignedByAny(const AccountKeys& account, std::string_view string_to_sign,
                 std::string_view signature) {
  bool match = false;
  for (const std::string& key : account.keys) {
    if (key.empty()) continue;
    const Sha256Digest mac = HmacSha256(AsBytes(key), AsBytes(string_to_sign));
    const std::string expected = Base64Encode(mac);
    match |= EqualConstantTime(AsBytes(expected), AsBytes(signature));
  }
  return match;
}

}  // namespace blobgate::auth
