// What a Rename Path says (operations.md 3.2).
#pragma once

#include <optional>
#include <string>

#include "blob/conditions.h"
#include "operations/call.h"
#include "operations/encryption.h"

namespace blobgate::operations {

struct RenameRequest {
  azure::Resource source;  ///< of the same filesystem
  std::optional<std::string> source_lease_id;
  std::optional<std::string> lease_id;
  blob::ConditionHeaders source_conditions;
  blob::ConditionHeaders conditions;
  KeyRequest keys;
  std::optional<blob::Metadata> metadata;  ///< x-ms-properties, when it was sent
  std::string transaction_id;              ///< hierarchical containers
  std::string continuation;                ///< flat containers
  /// Onto a directory means into it: mode=posix, the default. With mode=legacy the destination is
  /// replaced, which only an empty directory can be.
  bool into_directory = true;
};

/// 400 InvalidQueryParameterValue: an unknown mode; 400 InvalidSourceUri: not `/filesystem/path`,
/// or another filesystem; 403 AuthorizationPermissionMismatch when the caller's rights do not cover
/// the source, or are not those of a move (`m`, or `d` with `w`).
azure::Outcome<RenameRequest> ParseRename(Call& call);

}  // namespace blobgate::operations
