#include "auth/roles.h"

#include <gtest/gtest.h>

#include <functional>

#include "auth/credential.h"
#include "auth_request.h"

namespace blobgate::auth {
namespace {

using azure::Operation;

constexpr std::string_view kPrefix = "Microsoft.Storage/storageAccounts/blobServices/";

Actions Role(std::string_view name) {
  return ActionsOf(name).value();
}

azure::Resource Named(std::string container, std::string blob) {
  return {.account = "acct", .container = std::move(container), .blob = std::move(blob)};
}

azure::Resource At(azure::Level level) {
  if (level == azure::Level::kService) return Named("", "");
  return Named("con", level == azure::Level::kBlob ? "dir/b" : "");
}

std::string_view May(std::vector<Grant> grants, Operation operation, const azure::Resource& where,
                     std::string list_prefix = {}) {
  Credential credential;
  credential.kind = Credential::Kind::kBearer;
  credential.grants = std::move(grants);
  credential.list_prefix = std::move(list_prefix);
  return CodeOf(Authorize(credential, azure::SpecOf(operation), where, Access::kContainer, true));
}

bool MayAs(std::string_view role, Operation operation) {
  const auto code = May({{Role(role), "", ""}}, operation, At(azure::SpecOf(operation).level));
  EXPECT_TRUE(code == "OK" || code == "AuthorizationPermissionMismatch") << code;
  return code == "OK";
}

// auth.md section 11: which of Azure's roles may call what.
TEST(Roles, BuiltInRolesCallWhatAzuresDo) {
  struct Row {
    Operation operation;
    bool owner, contributor, reader, delegator, manager;
  };
  using enum Operation;
  const Row rows[] = {
      {kListContainers, true, true, true, false, true},
      {kFindBlobsByTags, true, false, false, false, false},
      {kFindBlobsByTagsInContainer, true, false, false, false, false},
      {kBlobBatch, true, true, true, true, true},
      {kRestoreContainer, true, true, false, false, true},
      {kUndeleteBlob, true, true, false, false, false},
      {kSnapshotBlob, true, true, false, false, false},
      {kGetBlobServiceProperties, false, false, false, false, true},
      {kSetBlobServiceProperties, false, false, false, false, true},
      {kGetUserDelegationKey, true, true, true, true, true},
      {kCreateContainer, true, true, false, false, true},
      {kGetContainerProperties, true, true, true, false, true},
      {kGetContainerMetadata, true, true, true, false, true},
      {kSetContainerMetadata, true, true, false, false, true},
      {kGetContainerAcl, true, false, false, false, true},
      {kSetContainerAcl, true, false, false, false, true},
      {kLeaseContainer, true, true, false, false, true},
      {kDeleteContainer, true, true, false, false, true},
      {kListBlobs, true, true, true, false, false},
      {kPutBlob, true, true, false, false, false},
      {kGetBlob, true, true, true, false, false},
      {kGetBlobProperties, true, true, true, false, false},
      {kSetBlobMetadata, true, true, false, false, false},
      {kGetBlobTags, true, false, false, false, false},
      {kSetBlobTags, true, false, false, false, false},
      {kSetBlobTier, true, true, false, false, false},
      {kLeaseBlob, true, true, false, false, false},
      {kDeleteBlob, true, true, false, false, false},
      {kCopyBlob, true, true, false, false, false},
      {kPutBlock, true, true, false, false, false},
      {kPutBlockList, true, true, false, false, false},
      {kGetBlockList, true, true, true, false, false},
  };
  for (const Row& row : rows) {
    const auto name = azure::SpecOf(row.operation).name;
    EXPECT_EQ(MayAs("Storage Blob Data Owner", row.operation), row.owner) << name;
    EXPECT_EQ(MayAs("Storage Blob Data Contributor", row.operation), row.contributor) << name;
    EXPECT_EQ(MayAs("Storage Blob Data Reader", row.operation), row.reader) << name;
    EXPECT_EQ(MayAs("Storage Blob Delegator", row.operation), row.delegator) << name;
    EXPECT_EQ(MayAs("Storage Account Contributor", row.operation), row.manager) << name;
  }
}

TEST(Roles, AnyRightLetsInToTheAccountInformation) {
  EXPECT_TRUE(MayAs("Storage Blob Delegator", Operation::kGetAccountInformation));
  EXPECT_EQ(May({}, Operation::kGetAccountInformation, At(azure::Level::kService)),
            "AuthorizationPermissionMismatch");
}

TEST(Roles, NobodyWithoutGrantsMayDoAnything) {
  for (const auto& spec : azure::OperationTable()) {
    if (spec.id == Operation::kPreflightBlobRequest) continue;
    EXPECT_EQ(May({}, spec.id, At(spec.level)), "AuthorizationPermissionMismatch") << spec.name;
  }
}

TEST(Roles, NamesAreAzuresWithoutCase) {
  EXPECT_EQ(Role("storage blob data reader"), Role("Storage Blob Data Reader"));
  EXPECT_FALSE(ActionsOf("Storage Blob Data"));
  EXPECT_FALSE(ActionsOf(""));
  EXPECT_FALSE(ActionsOf("containers/read"));
  EXPECT_FALSE(ActionsOf(std::string(kPrefix)));
  EXPECT_EQ(Role(std::string(kPrefix) + "containers/blobs/add/action"), Actions::kBlobsAdd);
}

// A single action, as a custom role may hold it.
TEST(Roles, AddingIsLessThanWriting) {
  const Grant add{Actions::kBlobsAdd, "", ""};
  const auto blob = At(azure::Level::kBlob);
  EXPECT_EQ(May({add}, Operation::kPutBlob, blob), "OK");
  EXPECT_EQ(May({add}, Operation::kPutBlock, blob), "AuthorizationPermissionMismatch");
  const auto letters = LettersOf({add}, azure::SpecOf(Operation::kPutBlob), blob, "");
  EXPECT_TRUE(letters.Has('c'));
  EXPECT_FALSE(letters.Has('w')) << "so that nothing is overwritten";
}

TEST(Roles, TagsAreReadAndWrittenByActionsOfTheirOwn) {
  const auto blob = At(azure::Level::kBlob);
  const Grant reads{Actions::kBlobsTagsRead, "", ""};
  EXPECT_EQ(May({reads}, Operation::kGetBlobTags, blob), "OK");
  EXPECT_EQ(May({reads}, Operation::kSetBlobTags, blob), "AuthorizationPermissionMismatch");
  const Grant writes{Actions::kBlobsTagsWrite, "", ""};
  EXPECT_EQ(May({writes}, Operation::kGetBlobTags, blob), "AuthorizationPermissionMismatch");
  EXPECT_EQ(May({writes}, Operation::kSetBlobTags, blob), "OK");
}

TEST(Roles, ScopesOfContainersAndPrefixes) {
  const auto owner = Role("Storage Blob Data Owner");
  const std::vector<Grant> container{{owner, "con", ""}};
  EXPECT_EQ(May(container, Operation::kGetBlob, Named("con", "x")), "OK");
  EXPECT_EQ(May(container, Operation::kDeleteContainer, Named("con", "")), "OK");
  for (const auto& elsewhere : {Named("con2", "x"), Named("co", "x"), Named("Con", "x")}) {
    EXPECT_EQ(May(container, Operation::kGetBlob, elsewhere), "AuthorizationPermissionMismatch");
  }
  EXPECT_EQ(May(container, Operation::kListContainers, Named("", "")),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(container, Operation::kGetUserDelegationKey, Named("", "")),
            "AuthorizationPermissionMismatch");

  const std::vector<Grant> prefix{{owner, "con", "dir/"}};
  EXPECT_EQ(May(prefix, Operation::kPutBlob, Named("con", "dir/x")), "OK");
  EXPECT_EQ(May(prefix, Operation::kPutBlob, Named("con", "dirx")),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(prefix, Operation::kPutBlob, Named("con", "x/dir/x")),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(prefix, Operation::kListBlobs, Named("con", ""), "dir/"), "OK");
  EXPECT_EQ(May(prefix, Operation::kListBlobs, Named("con", ""), "dir/sub/"), "OK");
  EXPECT_EQ(May(prefix, Operation::kListBlobs, Named("con", ""), "dir"),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(prefix, Operation::kListBlobs, Named("con", "")),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(prefix, Operation::kDeleteContainer, Named("con", ""), "dir/"),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(prefix, Operation::kGetContainerProperties, Named("con", ""), "dir/"),
            "AuthorizationPermissionMismatch");
}

TEST(Roles, GrantsOfSeveralRulesAddUp) {
  const std::vector<Grant> grants{{Role("Storage Blob Data Reader"), "", ""},
                                  {Actions::kBlobsDelete, "con", ""}};
  EXPECT_EQ(May(grants, Operation::kDeleteBlob, Named("con", "x")), "OK");
  EXPECT_EQ(May(grants, Operation::kGetBlob, Named("other", "x")), "OK");
  EXPECT_EQ(May(grants, Operation::kDeleteBlob, Named("other", "x")),
            "AuthorizationPermissionMismatch");
}

// --- Rules --------------------------------------------------------------------------------------

Principal Somebody() {
  Principal who;
  who.oid = "aaaaaaaa-0000-0000-0000-000000000001";
  who.tid = "aaaaaaaa-0000-0000-0000-000000000002";
  who.sub = "Sub-1";
  who.appid = "aaaaaaaa-0000-0000-0000-000000000003";
  who.groups = {"g1", "g2"};
  who.roles = {"Reader", "Writer"};
  return who;
}

bool Matches(const std::function<void(RoleAssignment&)>& change,
             std::string_view account = "acct") {
  RoleAssignment rule;
  rule.actions = Actions::kBlobsRead;
  rule.account = "acct";
  change(rule);
  return !GrantsFor({rule}, Somebody(), account).empty();
}

TEST(RoleRules, SelectorsMustAllMatch) {
  EXPECT_TRUE(Matches([](auto& r) { r.oid = "AAAAAAAA-0000-0000-0000-000000000001"; }));
  EXPECT_TRUE(Matches([](auto& r) { r.oid = "*"; }));
  EXPECT_FALSE(Matches([](auto& r) { r.oid = "aaaaaaaa-0000-0000-0000-000000000009"; }));
  EXPECT_TRUE(Matches([](auto& r) { r.group = "G2"; }));
  EXPECT_FALSE(Matches([](auto& r) { r.group = "g3"; }));
  EXPECT_TRUE(Matches([](auto& r) { r.app_role = "Writer"; }));
  EXPECT_FALSE(Matches([](auto& r) { r.app_role = "writer"; }));
  EXPECT_TRUE(Matches([](auto& r) { r.sub = "Sub-1"; }));
  EXPECT_FALSE(Matches([](auto& r) { r.sub = "sub-1"; }));
  EXPECT_TRUE(Matches([](auto& r) { r.appid = Somebody().appid; }));
  EXPECT_FALSE(Matches([](auto& r) { r.appid = "x"; }));
  EXPECT_FALSE(Matches([](auto& r) {
    r.oid = "*";
    r.tenant = "aaaaaaaa-0000-0000-0000-000000000009";
  }));
  EXPECT_FALSE(Matches([](auto& r) {
    r.group = "g1";
    r.app_role = "Nobody";
  }));
}

TEST(RoleRules, HoldForTheirAccount) {
  const auto everybody = [](RoleAssignment& r) { r.oid = "*"; };
  EXPECT_TRUE(Matches(everybody, "acct"));
  EXPECT_FALSE(Matches(everybody, "acct2"));
  EXPECT_TRUE(Matches(
      [](auto& r) {
        r.oid = "*";
        r.account = "*";
      },
      "acct2"));
}

TEST(RoleRules, WhoIsKnownByIdAloneMatchesNoRuleForGroups) {
  RoleAssignment by_group, by_oid;
  by_group.actions = by_oid.actions = Actions::kBlobsRead;
  by_group.account = by_oid.account = "*";
  by_group.group = "g1";
  by_oid.oid = Somebody().oid;
  Principal maker;
  maker.oid = Somebody().oid;
  maker.tid = Somebody().tid;
  EXPECT_EQ(GrantsFor({by_group, by_oid}, maker, "acct").size(), 1u);
}

}  // namespace
}  // namespace blobgate::auth
