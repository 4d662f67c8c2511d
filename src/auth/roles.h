// Azure's data-plane roles, who has them, and what that lets them do (auth.md section 11).
//
// The operator's rules give roles to callers. For one request the rules that match its caller
// become Grants; a Grant's actions become the permission letters that the operation table and the
// operations speak.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "azure/operation.h"
#include "azure/permissions.h"
#include "azure/resource.h"

namespace blobgate::auth {

/// A set of Azure's actions, by their documented names.
class Actions {
 public:
  enum Action : std::uint32_t {
    kContainersRead = 1u << 0,
    kContainersWrite = 1u << 1,
    kContainersDelete = 1u << 2,
    kContainersGetAcl = 1u << 3,
    kContainersSetAcl = 1u << 4,
    kBlobsRead = 1u << 5,
    kBlobsWrite = 1u << 6,
    kBlobsAdd = 1u << 7,
    kBlobsDelete = 1u << 8,
    kBlobsDeleteVersion = 1u << 9,
    kBlobsPermanentDelete = 1u << 10,
    kBlobsMove = 1u << 11,
    kBlobsFilter = 1u << 12,
    kBlobsTagsRead = 1u << 13,
    kBlobsTagsWrite = 1u << 14,
    kBlobsManageOwnership = 1u << 15,
    kBlobsModifyPermissions = 1u << 16,
    kBlobsRunAsSuperUser = 1u << 17,
    kBlobsImmutableStorage = 1u << 18,
    kServiceRead = 1u << 19,
    kServiceWrite = 1u << 20,
    kGenerateUserDelegationKey = 1u << 21,
  };

  constexpr Actions() = default;
  constexpr explicit(false) Actions(std::uint32_t bits) : bits_(bits) {}
  constexpr bool Has(Action action) const { return (bits_ & action) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr Actions& operator|=(Actions other) {
    bits_ |= other.bits_;
    return *this;
  }
  constexpr bool operator==(const Actions&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

/// The actions of one of the built-in roles by its name (`Storage Blob Data Owner`, `... Data
/// Contributor`, `... Data Reader`, `Storage Blob Delegator`, `Storage Account Contributor`), or of
/// one action by its own (`Microsoft.Storage/storageAccounts/blobServices/containers/read`),
/// without case. nullopt for other names.
std::optional<Actions> ActionsOf(std::string_view role);

/// Who a verified token says its bearer is.
struct Principal {
  std::string oid;  ///< `oid`, else `sub`
  std::string tid;
  std::string sub;
  std::string appid;
  std::vector<std::string> groups;
  std::vector<std::string> roles;  ///< app roles
};

/// One rule of the operator. Every selector that is not empty must match; ids compare without case.
struct RoleAssignment {
  Actions actions;
  std::string tenant;
  std::string oid;  ///< `*`: everybody with a valid token
  std::string appid;
  std::string group;
  std::string app_role;
  std::string sub;
  std::string account;    ///< `*`: every account
  std::string container;  ///< empty: the whole account
  std::string prefix;     ///< of blob names in `container`; empty: all
};

/// What one rule gives its holder in one account.
struct Grant {
  Actions actions;
  std::string container;
  std::string prefix;
};

/// The grants of the rules that match. A principal known only by oid and tid (the maker of a user
/// delegation SAS) matches only rules that ask for nothing else.
std::vector<Grant> GrantsFor(const std::vector<RoleAssignment>& rules, const Principal& principal,
                             std::string_view account);

/// The letters that `grants` give for an operation on `resource`: what a SAS would need to hold for
/// the same rights. `list_prefix` is the `prefix` of a List Blobs. `t` stands for reading tags when
/// the operation reads and for writing them when it writes.
azure::Permissions LettersOf(const std::vector<Grant>& grants, const azure::OperationSpec& spec,
                             const azure::Resource& resource, std::string_view list_prefix);

/// May a holder of these grants make a SAS that stands for another user (suoid)?
bool MayActForOthers(const std::vector<Grant>& grants, const azure::OperationSpec& spec,
                     const azure::Resource& resource, std::string_view list_prefix);

/// May a holder of these grants call the operation? Operations still check their own details with
/// the letters (overwriting with `c` alone, tags without `t`).
bool MayCall(const std::vector<Grant>& grants, const azure::OperationSpec& spec,
             const azure::Resource& resource, std::string_view list_prefix);

}  // namespace blobgate::auth
