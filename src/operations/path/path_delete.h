// Deleting a file or directory of a hierarchical container, for both faces.
#pragma once

#include <optional>

#include "operations/blob_store.h"

namespace blobgate::operations {

struct DeletedPath {
  bool permanent = true;
  std::uint64_t id = 0;  ///< of the deletion, when it is not permanent
};

/// One round; nullopt: something moved. A file, or a directory: an empty one, or with all that is
/// in it when `recursive`, which costs the same and takes effect at once; the space comes back in
/// the background. Kept for `retention_days` when above 0. 409 DirectoryIsNotEmpty; 409
/// PathConflict for the root. REQUIRES: `target` is there, its lease and conditions were checked.
Task<azure::Outcome<std::optional<DeletedPath>>> TryDeletePath(Services& services,
                                                               const Target& target, bool recursive,
                                                               std::uint32_t retention_days);

/// The path that `target` was found by.
std::string PathOf(const Target& target);

}  // namespace blobgate::operations
