// Files that hold a key.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace blobgate {

/// The whole content, of at most `largest` bytes. Others than the owner must not be able to read
/// the file, unless systemd keeps it (it lies in $CREDENTIALS_DIRECTORY). Blocks. Errors: kNotFound
/// (cannot be read), kInvalidArgument (others may read it; too large).
Result<std::string> ReadSecretFile(const std::string& path, std::size_t largest = 64 * 1024);

}  // namespace blobgate
