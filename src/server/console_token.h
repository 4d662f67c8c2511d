// The token that lets into the console: DATA_DIR/console.token has its digest.
#pragma once

#include <optional>
#include <string>

#include "base/digest.h"
#include "base/result.h"

namespace blobgate::server {

/// SHA-256: the token is random, so nothing slower is needed.
Sha256Digest DigestOfConsoleToken(const std::string& token);

/// What NewConsoleToken has kept; nullopt: there is no token yet. kInvalidArgument: others may read
/// the file, or it is none.
Result<std::optional<Sha256Digest>> LoadConsoleToken(const std::string& data_dir);

/// A new token, in place of the one before. Durable; only the digest is kept, in a file of mode
/// 0600. Blocks. One caller at a time. Errors: those of ReplaceFile.
Result<std::string> NewConsoleToken(const std::string& data_dir);

}  // namespace blobgate::server
