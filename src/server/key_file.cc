#include "server/key_file.h"

#include "base/cipher.h"
#include "base/encoding.h"
#include "base/secret_file.h"

namespace blobgate::server {

Result<std::string> ReadKeyFile(const std::string& path) {
  BG_TRY(const std::string text, ReadSecretFile(path));
  auto key = Base64Decode(text.substr(0, text.find_first_of(" \t\r\n")));
  if (!key || key->size() != SecretKey::kSize) {
    return Fail(Errc::kInvalidArgument, path + ": is not base64 of 32 bytes");
  }
  return std::move(*key);
}

}  // namespace blobgate::server
