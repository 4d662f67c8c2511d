// What a URL names.
#pragma once

#include <string>
#include <string_view>

#include "azure/errors.h"

namespace blobgate::azure {

enum class Level : unsigned char { kService, kContainer, kBlob };

/// Account, container and blob of one request, decoded. Blob names are used byte for byte:
/// `a//b`, `.` and `..` are legal and are not resolved (operations.md 1.1, 1.7).
struct Resource {
  std::string account;
  std::string container;  ///< empty at service level; "$root" when the URL named only a blob
  std::string blob;       ///< empty above blob level; UTF-8
  bool secondary = false; ///< addressed through ACCOUNT-secondary
  bool path_style = false;

  Level level() const {
    return container.empty() ? Level::kService : blob.empty() ? Level::kContainer : Level::kBlob;
  }
};

/// 3..63 of a-z 0-9 and single hyphens, or one of the reserved `$` names (operations.md 1.7).
Outcome<void> CheckContainerName(std::string_view name);
/// 1..1024 UTF-16 units of well-formed UTF-8 without the refused code points; at most 254 segments.
Outcome<void> CheckBlobName(std::string_view name);

}  // namespace blobgate::azure
