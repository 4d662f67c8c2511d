// Files with a key of 32 bytes: of encryption scopes, and master keys.
#pragma once

#include <string>

#include "base/result.h"

namespace blobgate::server {

/// The key's bytes. The first word of the file is base64 of them. kInvalidArgument: it is not, or
/// others than the owner may read the file; kNotFound: it cannot be read.
Result<std::string> ReadKeyFile(const std::string& path);

}  // namespace blobgate::server
