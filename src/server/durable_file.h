// A small file that is replaced as a whole.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace blobgate::server {

/// Who may use a file that is made.
struct FileAccess {
  mode_t mode = 0600;
  gid_t group = static_cast<gid_t>(-1);  ///< as it comes, unless set
};

/// Makes `content` the file at `path`. Durable when it returns; a crash at any moment
/// leaves the old file or the new one. Blocks. Uses `path`.new meanwhile; one caller at a time.
/// kNoSpace, kIoError: the old file is there, or (when only the last sync failed) either of them.
Status ReplaceFile(const std::string& path, std::string_view content, FileAccess access = {});

}  // namespace blobgate::server
