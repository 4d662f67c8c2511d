#include "auth/roles.h"

#include <algorithm>

#include "base/encoding.h"

namespace blobgate::auth {
namespace {

using azure::Level;
using azure::Operation;
using azure::OperationSpec;
using azure::Resource;
using enum Actions::Action;

constexpr std::uint32_t kAllContainers =
    kContainersRead | kContainersWrite | kContainersDelete | kContainersGetAcl | kContainersSetAcl;
constexpr std::uint32_t kAllBlobs =
    kBlobsRead | kBlobsWrite | kBlobsAdd | kBlobsDelete | kBlobsDeleteVersion |
    kBlobsPermanentDelete | kBlobsMove | kBlobsFilter | kBlobsTagsRead | kBlobsTagsWrite |
    kBlobsManageOwnership | kBlobsModifyPermissions | kBlobsRunAsSuperUser | kBlobsImmutableStorage;

struct Named {
  std::string_view name;
  Actions actions;
};

constexpr Named kRoles[] = {
    {"Storage Blob Data Owner", kAllContainers | kAllBlobs | kGenerateUserDelegationKey},
    {"Storage Blob Data Contributor", kContainersRead | kContainersWrite | kContainersDelete |
                                          kBlobsRead | kBlobsWrite | kBlobsAdd | kBlobsDelete |
                                          kBlobsMove | kGenerateUserDelegationKey},
    {"Storage Blob Data Reader", kContainersRead | kBlobsRead | kGenerateUserDelegationKey},
    {"Storage Blob Delegator", kGenerateUserDelegationKey},
    // Manages the account; reads and writes no blobs.
    {"Storage Account Contributor",
     kAllContainers | kServiceRead | kServiceWrite | kGenerateUserDelegationKey},
};

constexpr std::string_view kActionPrefix = "Microsoft.Storage/storageAccounts/blobServices/";
constexpr Named kActionNames[] = {
    {"read", kServiceRead},
    {"write", kServiceWrite},
    {"generateUserDelegationKey/action", kGenerateUserDelegationKey},
    {"containers/read", kContainersRead},
    {"containers/write", kContainersWrite},
    {"containers/delete", kContainersDelete},
    {"containers/getAcl/action", kContainersGetAcl},
    {"containers/setAcl/action", kContainersSetAcl},
    {"containers/blobs/read", kBlobsRead},
    {"containers/blobs/write", kBlobsWrite},
    {"containers/blobs/add/action", kBlobsAdd},
    {"containers/blobs/delete", kBlobsDelete},
    {"containers/blobs/deleteBlobVersion/action", kBlobsDeleteVersion},
    {"containers/blobs/permanentDelete/action", kBlobsPermanentDelete},
    {"containers/blobs/move/action", kBlobsMove},
    {"containers/blobs/filter/action", kBlobsFilter},
    {"containers/blobs/tags/read", kBlobsTagsRead},
    {"containers/blobs/tags/write", kBlobsTagsWrite},
    {"containers/blobs/manageOwnership/action", kBlobsManageOwnership},
    {"containers/blobs/modifyPermissions/action", kBlobsModifyPermissions},
    {"containers/blobs/runAsSuperUser/action", kBlobsRunAsSuperUser},
    {"containers/blobs/immutableStorage/runAsSuperUser/action", kBlobsImmutableStorage},
};

// The letters of one action at one level.
struct LetterRule {
  Actions::Action action;
  std::string_view letters;
};

constexpr LetterRule kServiceLetters[] = {
    {kContainersRead, "l"}, {kServiceRead, "r"}, {kServiceWrite, "w"}, {kBlobsFilter, "f"}};

constexpr LetterRule kContainerLetters[] = {
    {kContainersRead, "r"}, {kContainersWrite, "cw"}, {kContainersDelete, "d"},
    {kBlobsRead, "l"},      {kBlobsFilter, "f"},
};

// Writing is more than adding, as with SAS.
constexpr LetterRule kBlobLetters[] = {
    {kBlobsRead, "rl"},
    {kBlobsWrite, "wca"},
    {kBlobsAdd, "ca"},
    {kBlobsDelete, "d"},
    {kBlobsDeleteVersion, "x"},
    {kBlobsPermanentDelete, "y"},
    {kBlobsMove, "m"},
    {kBlobsFilter, "f"},
    {kBlobsManageOwnership, "o"},
    {kBlobsModifyPermissions, "p"},
    {kBlobsRunAsSuperUser, "e"},
    {kBlobsImmutableStorage, "i"},
};

/// Where the operation works. The root directory's URL is that of its filesystem.
Level LevelOf(const OperationSpec& spec, const Resource& resource) {
  return resource.face == azure::Face::kDfs ? spec.level : resource.level();
}

bool Reads(const OperationSpec& spec) {
  return spec.method == "GET" || spec.method == "HEAD";
}

bool Matches(std::string_view selector, std::string_view value) {
  return selector.empty() || EqualsIgnoreCase(selector, value);
}

bool MatchesAny(std::string_view selector, const std::vector<std::string>& values) {
  return selector.empty() || std::ranges::any_of(values, [&](const std::string& value) {
           return EqualsIgnoreCase(selector, value);
         });
}

// App roles and subjects are names, not ids: they compare with case.
bool Applies(const RoleAssignment& rule, const Principal& who, std::string_view account) {
  return (rule.account == "*" || rule.account == account) && Matches(rule.tenant, who.tid) &&
         (rule.oid == "*" || Matches(rule.oid, who.oid)) && Matches(rule.appid, who.appid) &&
         MatchesAny(rule.group, who.groups) && (rule.sub.empty() || rule.sub == who.sub) &&
         (rule.app_role.empty() || std::ranges::find(who.roles, rule.app_role) != who.roles.end());
}

// Does the grant's scope hold what the request names?
bool Covers(const Grant& grant, const OperationSpec& spec, const Resource& resource,
            std::string_view list_prefix) {
  if (grant.container.empty()) return true;
  if (grant.container != resource.container) return false;
  if (grant.prefix.empty()) return true;
  if (resource.level() == Level::kBlob) return resource.blob.starts_with(grant.prefix);
  const bool lists = spec.id == Operation::kListBlobs || spec.id == Operation::kListPaths;
  return lists && list_prefix.starts_with(grant.prefix);
}

Actions Covering(const std::vector<Grant>& grants, const OperationSpec& spec,
                 const Resource& resource, std::string_view list_prefix) {
  Actions all;
  for (const Grant& grant : grants) {
    if (Covers(grant, spec, resource, list_prefix)) all |= grant.actions;
  }
  return all;
}

std::string LettersAt(Level level, Actions actions) {
  std::string out;
  const auto add = [&](const auto& rules) {
    for (const LetterRule& rule : rules) {
      if (actions.Has(rule.action)) out += rule.letters;
    }
  };
  switch (level) {
    case Level::kService:
      add(kServiceLetters);
      break;
    case Level::kContainer:
      add(kContainerLetters);
      break;
    case Level::kBlob:
      add(kBlobLetters);
      break;
  }
  return out;
}

azure::Permissions Letters(Actions actions, const OperationSpec& spec, Level level) {
  std::string letters = LettersAt(level, actions);
  if (actions.Has(Reads(spec) ? kBlobsTagsRead : kBlobsTagsWrite)) letters += 't';
  return azure::Permissions(letters);
}

}  // namespace

std::optional<Actions> ActionsOf(std::string_view role) {
  for (const Named& known : kRoles) {
    if (EqualsIgnoreCase(known.name, role)) return known.actions;
  }
  if (!EqualsIgnoreCase(role.substr(0, kActionPrefix.size()), kActionPrefix)) return std::nullopt;
  for (const Named& known : kActionNames) {
    if (EqualsIgnoreCase(known.name, role.substr(kActionPrefix.size()))) return known.actions;
  }
  return std::nullopt;
}

std::vector<Grant> GrantsFor(const std::vector<RoleAssignment>& rules, const Principal& principal,
                             std::string_view account) {
  std::vector<Grant> out;
  for (const RoleAssignment& rule : rules) {
    if (!Applies(rule, principal, account)) continue;
    out.push_back({rule.actions, rule.container, rule.prefix});
  }
  return out;
}

azure::Permissions LettersOf(const std::vector<Grant>& grants, const OperationSpec& spec,
                             const Resource& resource, std::string_view list_prefix) {
  return Letters(Covering(grants, spec, resource, list_prefix), spec, LevelOf(spec, resource));
}

bool MayActForOthers(const std::vector<Grant>& grants, const OperationSpec& spec,
                     const Resource& resource, std::string_view list_prefix) {
  const Actions actions = Covering(grants, spec, resource, list_prefix);
  return actions.Has(kBlobsRunAsSuperUser) || actions.Has(kBlobsManageOwnership);
}

bool MayCall(const std::vector<Grant>& grants, const OperationSpec& spec, const Resource& resource,
             std::string_view list_prefix) {
  const Actions actions = Covering(grants, spec, resource, list_prefix);
  switch (spec.id) {
    case Operation::kGetUserDelegationKey:
      return actions.Has(kGenerateUserDelegationKey);
    case Operation::kGetContainerAcl:
      return actions.Has(kContainersGetAcl);
    case Operation::kSetContainerAcl:
      return actions.Has(kContainersSetAcl);
    case Operation::kLeaseContainer:
      return actions.Has(kContainersWrite);
    case Operation::kLeaseBlob:
    case Operation::kLeasePath:
      return actions.Has(kBlobsWrite);
    case Operation::kSetAccessControl:
    case Operation::kSetAccessControlRecursive:
      return actions.Has(kBlobsModifyPermissions) || actions.Has(kBlobsManageOwnership);
    default:
      break;
  }
  // Get Account Information, and a batch, whose parts are asked about one by one: any right will
  // do.
  if (spec.sas_resource == '*') return !grants.empty();
  return Letters(actions, spec, LevelOf(spec, resource)).HasAny(spec.account_letters);
}

}  // namespace blobgate::auth
