// A small file that is replaced as a whole.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace blobgate::server {

/// Makes `content` the file at `path`, of mode 0600. Durable when it returns; a crash at any moment
/// leaves the old file or the new one. Blocks. Uses `path`.new meanwhile; one caller at a time.
/// kNoSpace, kIoError: the old file is there, or (when only the last sync failed) either of them.
Status ReplaceFile(const std::string& path, std::string_view content);

}  // namespace blobgate::server
