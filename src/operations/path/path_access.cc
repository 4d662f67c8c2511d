#include "operations/path/path_access.h"

#include <algorithm>

#include "base/encoding.h"
#include "operations/path/path_place.h"

namespace blobgate::operations {
namespace {

using azure::Operation;
using blob::kAclExecute;
using blob::kAclRead;
using blob::kAclWrite;

/// Needed besides X on every directory of the way.
enum class Need : std::uint8_t {
  kWay,     ///< nothing more
  kRead,    ///< R on the item
  kWrite,   ///< W on the item
  kCreate,  ///< W on the item, or WX on its directory when it is to be made
  kDelete,  ///< WX on its directory, and its sticky bit
  kList,    ///< RX on the item, a directory
};

std::optional<Need> NeedOf(Operation operation) {
  switch (operation) {
    case Operation::kGetBlobProperties:
    case Operation::kGetBlobMetadata:
    case Operation::kGetPathProperties:
    case Operation::kGetPathStatus:
    case Operation::kGetPathAccessControl:
    case Operation::kSetAccessControl:
    case Operation::kSetAccessControlRecursive:
      return Need::kWay;
    case Operation::kGetBlob:
    case Operation::kQueryBlobContents:
    case Operation::kReadPath:
    case Operation::kGetBlobTags:
    case Operation::kGetBlockList:
      return Need::kRead;
    case Operation::kSetBlobProperties:
    case Operation::kSetBlobMetadata:
    case Operation::kSetBlobExpiry:
    case Operation::kSetBlobTags:
    case Operation::kSetBlobTier:
    case Operation::kLeaseBlob:
    case Operation::kLeasePath:
    case Operation::kAppendBlock:
    case Operation::kAppendBlobSeal:
    case Operation::kAppendData:
    case Operation::kFlushData:
    case Operation::kSetPathProperties:
      return Need::kWrite;
    case Operation::kPutBlob:
    case Operation::kPutBlock:
    case Operation::kPutBlockList:
    case Operation::kCreatePath:
    case Operation::kRenamePath:
      return Need::kCreate;
    case Operation::kDeleteBlob:
    case Operation::kDeletePath:
      return Need::kDelete;
    case Operation::kListBlobs:
    case Operation::kListPaths:
      return Need::kList;
    default:
      return std::nullopt;
  }
}

bool May(const Call& call, const blob::PathState& state, blob::AccessBits bits) {
  return blob::MayAccess(blob::Acl::FromStored(state.acl), state.owner, state.group, *call.posix,
                         bits);
}

std::unexpected<azure::Error> Refused() {
  return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
}

bool MayPass(const Call& call, const PathPlace& place) {
  if (place.is_root()) return true;
  if (!May(call, place.root.state, kAclExecute)) return false;
  return std::ranges::all_of(
      place.way, [&](const WayStep& step) { return May(call, step.state, kAclExecute); });
}

/// The sticky bit keeps what others own.
bool MayTake(const Call& call, const Target& target) {
  const blob::PathState& directory = target.place->deepest().state;
  if (!May(call, directory, kAclWrite | kAclExecute)) return false;
  if (!directory.sticky || !target.blob || target.expired) return true;
  return EqualsIgnoreCase(call.posix->oid, directory.owner) ||
         EqualsIgnoreCase(call.posix->oid, target.blob->path.owner);
}

bool MayOnItem(const Call& call, const Target& target, blob::AccessBits bits) {
  return !target.blob || target.expired || May(call, target.blob->path, bits);
}

}  // namespace

bool ObeysPosixRights(Operation operation) {
  return NeedOf(operation).has_value();
}

azure::Outcome<void> CheckPathAccess(const Call& call, const Target& target) {
  if (!call.posix) return {};
  const auto need = NeedOf(call.spec.id);
  if (!target.place || !need || !MayPass(call, *target.place)) return Refused();
  bool may = true;
  switch (*need) {
    case Need::kWay:
      break;
    case Need::kRead:
      may = MayOnItem(call, target, kAclRead);
      break;
    case Need::kWrite:
      may = MayOnItem(call, target, kAclWrite);
      break;
    case Need::kCreate:
      may = target.exists() ? MayOnItem(call, target, kAclWrite)
                            : May(call, target.place->deepest().state, kAclWrite | kAclExecute);
      break;
    case Need::kDelete:
      may = MayTake(call, target);
      break;
    case Need::kList:
      may = MayOnItem(call, target, kAclRead | kAclExecute);
      break;
  }
  if (!may) return Refused();
  return {};
}

azure::Outcome<void> CheckMayLeave(const Call& call, const Target& target) {
  if (!call.posix) return {};
  if (!target.place || !MayPass(call, *target.place) || !MayTake(call, target)) return Refused();
  return {};
}

azure::Outcome<void> CheckMayControl(const Call& call, const blob::PathState& state,
                                     std::optional<std::string_view> owner,
                                     std::optional<std::string_view> group) {
  if (!call.posix) return {};
  if (!EqualsIgnoreCase(call.posix->oid, state.owner)) return Refused();
  if (owner && !EqualsIgnoreCase(*owner, state.owner)) return Refused();
  if (!group || EqualsIgnoreCase(*group, state.group)) return {};
  const bool mine = std::ranges::any_of(
      call.posix->groups, [&](const std::string& own) { return EqualsIgnoreCase(own, *group); });
  if (!mine) return Refused();
  return {};
}

bool MayEmpty(const Call& call, const blob::PathState& directory) {
  return !call.posix || May(call, directory, blob::kAclAll);
}

bool MayList(const Call& call, const blob::PathState& directory) {
  return !call.posix || May(call, directory, kAclRead | kAclExecute);
}

}  // namespace blobgate::operations
