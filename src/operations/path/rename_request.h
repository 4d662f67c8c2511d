// What a Rename Path says (operations.md 3.2).
#pragma once

#include <optional>
#include <string>

#include "blob/conditions.h"
#include "operations/call.h"
#include "operations/encryption.h"

namespace blobgate::operations {

struct RenameRequest {
  azure::Resource source;  ///< of the same account
  std::string source_sas;  ///< what follows its path behind `?`; may be empty
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

/// 400 InvalidQueryParameterValue: an unknown mode; 400 InvalidSourceUri: not `/filesystem/path`;
/// 403 AuthorizationPermissionMismatch when neither the caller's own rights nor a SAS behind the
/// source cover it, or are not those of a move (`m`, or `d` with `w`); 403
/// InsufficientAccountPermissions for a source that can only be read.
Task<azure::Outcome<RenameRequest>> ParseRename(Call& call);

/// What was loaded for the source: 404 SourcePathNotFound when there is no such container.
template <class T>
azure::Outcome<T> OfSource(azure::Outcome<T> loaded) {
  if (!loaded && loaded.error().code == azure::ErrorCode::kContainerNotFound) {
    return azure::Fail(azure::ErrorCode::kSourcePathNotFound);
  }
  return loaded;
}

}  // namespace blobgate::operations
