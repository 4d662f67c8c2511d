// Who may do what by POSIX rights (operations.md 3.1): one table, applied to what a walk found.
#pragma once

#include "azure/operation.h"
#include "operations/blob_store.h"

namespace blobgate::operations {

/// Does the table know the operation? Any other is closed to callers who have POSIX rights only.
bool ObeysPosixRights(azure::Operation operation);

/// May the caller do the operation of `call` on `target`? Always, unless POSIX rights decide.
/// 403 AuthorizationPermissionMismatch.
azure::Outcome<void> CheckPathAccess(const Call& call, const Target& target);

/// The same for what a rename takes away (`source`) or puts (`destination`) somewhere.
azure::Outcome<void> CheckMayLeave(const Call& call, const Target& target);

/// May the caller change access control of an item? Its owner may, but not give it away: `owner`
/// only for a superuser, `group` to one of the owner's own groups.
azure::Outcome<void> CheckMayControl(const Call& call, const blob::PathState& state,
                                     std::optional<std::string_view> owner,
                                     std::optional<std::string_view> group);

/// The ACL check of a whole directory's removal asks this of it and of every directory below.
bool MayEmpty(const Call& call, const blob::PathState& directory);

/// May the content of a directory below the listed one be listed too?
bool MayList(const Call& call, const blob::PathState& directory);

}  // namespace blobgate::operations
