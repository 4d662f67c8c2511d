#include <gtest/gtest.h>

#include "auth_request.h"

namespace blobgate::auth {
namespace {

using azure::Operation;
using Kind = Credential::Kind;

azure::Resource At(azure::Level level) {
  azure::Resource resource{.account = "acct", .container = "", .blob = ""};
  if (level != azure::Level::kService) resource.container = "c";
  if (level == azure::Level::kBlob) resource.blob = "b";
  return resource;
}

std::string_view May(const Credential& credential, Operation operation,
                     Access access = Access::kPrivate, bool has_version = true) {
  const azure::OperationSpec& spec = azure::SpecOf(operation);
  return CodeOf(Authorize(credential, spec, At(spec.level), access, has_version));
}

Credential AccountSas(std::string_view letters, std::string_view types = "sco",
                      std::string_view services = "b") {
  Credential credential;
  credential.kind = Kind::kAccountSas;
  credential.letters = azure::Permissions(letters);
  credential.resource_types = types;
  credential.services = services;
  return credential;
}

Credential ServiceSas(std::string_view sr, std::string_view letters,
                      std::string_view snapshot = {}) {
  Credential credential;
  credential.kind = Kind::kServiceSas;
  credential.letters = azure::Permissions(letters);
  credential.signed_resource = sr;
  credential.snapshot = snapshot;
  return credential;
}

constexpr std::string_view kEveryLetter = "abcdefghijklmnopqrstuvwxyz";

TEST(Authorize, SharedKeyMayDoEverything) {
  Credential credential;
  credential.kind = Kind::kSharedKey;
  for (const auto& spec : azure::OperationTable()) {
    if (spec.id == Operation::kGetUserDelegationKey) continue;  // bearers only
    EXPECT_EQ(May(credential, spec.id), "OK");
  }
}

// What auth.md section 7 lists, per row: the letters that let an account SAS in, each on its own.
TEST(Authorize, AccountSasFollowsTheTable) {
  for (const auto& spec : azure::OperationTable()) {
    if (spec.id == Operation::kPreflightBlobRequest) continue;
    if (spec.id == Operation::kGetUserDelegationKey) continue;
    for (const char letter : kEveryLetter) {
      const std::string one(1, letter);
      const std::string_view expected =
          spec.id == Operation::kGetAccountInformation ? "OK"
          : spec.account_letters.empty()               ? "AuthorizationFailure"
          : spec.account_letters.find(letter) != std::string_view::npos
              ? "OK"
              : "AuthorizationPermissionMismatch";
      EXPECT_EQ(May(AccountSas(one), spec.id), expected) << spec.name << " " << letter;
    }
  }
}

TEST(Authorize, AccountSasSamplesOfTheDocumentedTable) {
  EXPECT_EQ(May(AccountSas("l"), Operation::kListContainers), "OK");
  EXPECT_EQ(May(AccountSas("r"), Operation::kListContainers), "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(AccountSas("c"), Operation::kCreateContainer), "OK");
  EXPECT_EQ(May(AccountSas("w"), Operation::kCreateContainer), "OK");
  EXPECT_EQ(May(AccountSas("d"), Operation::kDeleteContainer), "OK");
  EXPECT_EQ(May(AccountSas("c"), Operation::kPutBlob), "OK");
  EXPECT_EQ(May(AccountSas("w"), Operation::kPutBlob), "OK");
  EXPECT_EQ(May(AccountSas("r"), Operation::kPutBlob), "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(AccountSas("t"), Operation::kSetBlobTags), "OK");
  EXPECT_EQ(May(AccountSas("rwdlacup"), Operation::kSetBlobTags),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(AccountSas("d"), Operation::kLeaseBlob), "OK");
}

TEST(Authorize, AccountSasResourceTypesAndServices) {
  EXPECT_EQ(May(AccountSas(kEveryLetter, "co"), Operation::kListContainers),
            "AuthorizationResourceTypeMismatch");
  EXPECT_EQ(May(AccountSas(kEveryLetter, "so"), Operation::kListBlobs),
            "AuthorizationResourceTypeMismatch");
  EXPECT_EQ(May(AccountSas(kEveryLetter, "sc"), Operation::kGetBlob),
            "AuthorizationResourceTypeMismatch");
  EXPECT_EQ(May(AccountSas(kEveryLetter, "o"), Operation::kGetBlob), "OK");
  EXPECT_EQ(May(AccountSas(kEveryLetter, "sco", "qtf"), Operation::kGetBlob),
            "AuthorizationServiceMismatch");
  EXPECT_EQ(May(AccountSas(kEveryLetter, "sco", "btqf"), Operation::kGetBlob), "OK");
}

TEST(Authorize, ContainerAclIsNeverForASas) {
  for (const auto operation : {Operation::kGetContainerAcl, Operation::kSetContainerAcl}) {
    EXPECT_EQ(May(AccountSas(kEveryLetter), operation), "AuthorizationFailure");
    EXPECT_EQ(May(ServiceSas("c", kEveryLetter), operation), "AuthorizationFailure");
  }
}

TEST(Authorize, AccountInformationForAnySas) {
  EXPECT_EQ(May(AccountSas("p", "o"), Operation::kGetAccountInformation), "OK");
  EXPECT_EQ(May(ServiceSas("b", "d"), Operation::kGetAccountInformation), "OK");
}

TEST(Authorize, ServiceSasNeverReachesContainersThemselves) {
  for (const auto operation : {Operation::kCreateContainer, Operation::kDeleteContainer,
                               Operation::kLeaseContainer, Operation::kGetContainerProperties,
                               Operation::kGetContainerMetadata, Operation::kSetContainerMetadata,
                               Operation::kListContainers, Operation::kGetBlobServiceProperties}) {
    EXPECT_EQ(May(ServiceSas("c", kEveryLetter), operation), "AuthorizationFailure");
  }
}

TEST(Authorize, ServiceSasLetters) {
  EXPECT_EQ(May(ServiceSas("c", "l"), Operation::kListBlobs), "OK");
  EXPECT_EQ(May(ServiceSas("c", "r"), Operation::kListBlobs), "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(ServiceSas("c", "r"), Operation::kGetBlob), "OK");
  EXPECT_EQ(May(ServiceSas("b", "r"), Operation::kGetBlob), "OK");
  EXPECT_EQ(May(ServiceSas("b", "r"), Operation::kPutBlob), "AuthorizationPermissionMismatch");
  EXPECT_EQ(May(ServiceSas("b", "c"), Operation::kPutBlob), "OK");
  EXPECT_EQ(May(ServiceSas("b", "w"), Operation::kPutBlob), "OK");
  EXPECT_EQ(May(ServiceSas("d", "r"), Operation::kGetBlob), "OK");
}

TEST(Authorize, ServiceSasCoverage) {
  EXPECT_EQ(May(ServiceSas("b", kEveryLetter), Operation::kListBlobs),
            "AuthorizationResourceTypeMismatch");
  EXPECT_EQ(May(ServiceSas("b", "r", "2026-01-01T00:00:00.1234567Z"), Operation::kGetBlob),
            "AuthorizationResourceTypeMismatch")
      << "a blob's token is not for its snapshots";
  EXPECT_EQ(May(ServiceSas("bs", "r", "2026-01-01T00:00:00.1234567Z"), Operation::kGetBlob), "OK");
  EXPECT_EQ(May(ServiceSas("bv", "r", "2026-01-01T00:00:00.1234567Z"), Operation::kGetBlob), "OK");
  EXPECT_EQ(May(ServiceSas("bs", "r"), Operation::kGetBlob), "AuthorizationResourceTypeMismatch");
  EXPECT_EQ(May(ServiceSas("c", "r", "2026-01-01T00:00:00.1234567Z"), Operation::kGetBlob), "OK");
}

TEST(Authorize, AnUnappliedPolicyGrantsNothing) {
  Credential credential = ServiceSas("c", kEveryLetter);
  credential.policy_id = "policy-1";
  for (const auto& spec : azure::OperationTable()) {
    if (spec.id == Operation::kPreflightBlobRequest) continue;
    if (spec.id == Operation::kGetUserDelegationKey) continue;
    EXPECT_EQ(May(credential, spec.id), "AuthorizationFailure") << spec.name;
  }
}

TEST(Authorize, AnonymousReadsWhatTheContainerShows) {
  const Credential nobody;
  for (const auto& spec : azure::OperationTable()) {
    if (spec.id == Operation::kPreflightBlobRequest) continue;
    const bool blob = spec.anonymous == azure::PublicAccess::kBlob;
    const bool container = spec.anonymous == azure::PublicAccess::kContainer;
    EXPECT_EQ(May(nobody, spec.id, Access::kPrivate), "NoAuthenticationInformation") << spec.name;
    EXPECT_EQ(May(nobody, spec.id, Access::kBlob) == "OK", blob) << spec.name;
    EXPECT_EQ(May(nobody, spec.id, Access::kContainer) == "OK", blob || container) << spec.name;
    EXPECT_EQ(May(nobody, spec.id, Access::kForbidden),
              blob || container ? "PublicAccessNotPermitted" : "NoAuthenticationInformation")
        << spec.name;
  }
  EXPECT_EQ(May(nobody, Operation::kGetBlob, Access::kBlob), "OK");
  EXPECT_EQ(May(nobody, Operation::kListBlobs, Access::kBlob), "NoAuthenticationInformation");
  EXPECT_EQ(May(nobody, Operation::kListBlobs, Access::kContainer), "OK");
  EXPECT_EQ(May(nobody, Operation::kPutBlob, Access::kContainer), "NoAuthenticationInformation");
  EXPECT_EQ(May(nobody, Operation::kDeleteBlob, Access::kContainer), "NoAuthenticationInformation");
}

TEST(Authorize, AnonymousRefusalsDependOnTheVersionHeader) {
  const auto& spec = azure::SpecOf(Operation::kGetBlob);
  const auto asked = Authorize({}, spec, At(azure::Level::kBlob), Access::kPrivate, true);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().http_status(), 401u);
  ASSERT_EQ(asked.error().headers().size(), 1u);
  EXPECT_EQ(asked.error().headers()[0].first, "WWW-Authenticate");
  EXPECT_EQ(asked.error().headers()[0].second, BearerChallenge());
  const auto browser = Authorize({}, spec, At(azure::Level::kBlob), Access::kPrivate, false);
  ASSERT_FALSE(browser);
  EXPECT_EQ(CodeOf(browser), "ResourceNotFound");
  EXPECT_TRUE(browser.error().headers().empty());
}

TEST(Authorize, UserDelegationKeysAreForBearersOnly) {
  Credential key;
  key.kind = Kind::kSharedKey;
  for (const Credential& credential :
       {key, AccountSas(kEveryLetter), ServiceSas("c", kEveryLetter)}) {
    EXPECT_EQ(May(credential, Operation::kGetUserDelegationKey), "AuthenticationFailed");
  }
  EXPECT_EQ(May({}, Operation::kGetUserDelegationKey), "NoAuthenticationInformation");
}

TEST(Authorize, AnswersWhatTheOperationMayRelyOn) {
  const auto& spec = azure::SpecOf(Operation::kPutBlob);
  const auto letters =
      Authorize(AccountSas("c"), spec, At(azure::Level::kBlob), Access::kPrivate, true);
  ASSERT_TRUE(letters);
  EXPECT_TRUE(letters->Has('c'));
  EXPECT_FALSE(letters->Has('w'));
}

TEST(Authorize, TheSourceOfARenameMustBeCoveredToo) {
  const azure::OperationSpec& rename = azure::SpecOf(Operation::kRenamePath);
  const azure::Resource named{.account = "acct", .container = "c", .blob = "d/to"};
  const azure::Resource beside{.account = "acct", .container = "c", .blob = "d/from"};
  const azure::Resource above{.account = "acct", .container = "c", .blob = "from"};
  const azure::Resource elsewhere{.account = "acct", .container = "other", .blob = "d/from"};
  const auto covered = [&](const Credential& credential) {
    std::string where;
    if (CoversToo(credential, rename, named, beside)) where += "beside ";
    if (CoversToo(credential, rename, named, above)) where += "above ";
    if (CoversToo(credential, rename, named, elsewhere)) where += "elsewhere ";
    return where;
  };
  Credential key;
  key.kind = Kind::kSharedKey;
  EXPECT_EQ(covered(key), "beside above elsewhere ");
  EXPECT_EQ(covered(AccountSas("cw")), "beside above elsewhere ");
  EXPECT_EQ(covered(ServiceSas("c", "cwm")), "beside above ");
  Credential directory = ServiceSas("d", "cwm");
  directory.directory_depth = 1;
  EXPECT_EQ(covered(directory), "beside ");
  EXPECT_EQ(covered(ServiceSas("b", "cwm")), "");
  EXPECT_EQ(covered(Credential()), "");
  Credential bearer;
  bearer.kind = Kind::kBearer;
  const Actions contributor = *ActionsOf("Storage Blob Data Contributor");
  bearer.grants = {{contributor, "c", ""}};
  EXPECT_EQ(covered(bearer), "beside above ");
  bearer.grants.push_back({contributor, "other", "d/"});
  EXPECT_EQ(covered(bearer), "beside above elsewhere ");
}

TEST(Authorize, PreflightsNeedNoCredentials) {
  EXPECT_EQ(May({}, Operation::kPreflightBlobRequest, Access::kPrivate, false), "OK");
}

}  // namespace
}  // namespace blobgate::auth
