// What each kind of credential may do (auth.md sections 7 and 10).
#include "auth/credential.h"
#include "auth/failure.h"
#include "auth/sas_resource.h"

namespace blobgate::auth {
namespace {

using azure::ErrorCode;
using azure::Operation;

azure::Outcome<void> AuthorizeAnonymous(const Credential& nobody, const azure::OperationSpec& spec,
                                        Access access, bool has_version) {
  if (access == Access::kForbidden && spec.anonymous != azure::PublicAccess::kNever) {
    return azure::Fail(ErrorCode::kPublicAccessNotPermitted);
  }
  const bool allowed =
      (spec.anonymous == azure::PublicAccess::kBlob && access != Access::kPrivate) ||
      (spec.anonymous == azure::PublicAccess::kContainer && access == Access::kContainer);
  if (allowed) return {};
  // A browser, which sends no version, is not told that there is something to log in to.
  if (!has_version) return azure::Fail(ErrorCode::kResourceNotFound);
  return azure::Fail(azure::Error(ErrorCode::kNoAuthenticationInformation)
                         .WithHeader("WWW-Authenticate", nobody.challenge.empty()
                                                             ? BearerChallenge()
                                                             : std::string(nobody.challenge)));
}

azure::Outcome<void> AuthorizeAccountSas(const Credential& credential,
                                         const azure::OperationSpec& spec) {
  if (credential.services.find('b') == std::string::npos) {
    return azure::Fail(ErrorCode::kAuthorizationServiceMismatch);
  }
  if (spec.id == Operation::kGetAccountInformation) return {};
  if (spec.account_letters.empty()) return azure::Fail(ErrorCode::kAuthorizationFailure);
  if (spec.sas_resource != '*' &&
      credential.resource_types.find(spec.sas_resource) == std::string::npos) {
    return azure::Fail(ErrorCode::kAuthorizationResourceTypeMismatch);
  }
  if (!credential.letters.HasAny(spec.account_letters)) {
    return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
  }
  return {};
}

// The signature proved that the URL lies within the signed container, directory or blob. What is
// left: container operations, and snapshots and versions of a blob.
bool Covers(const Credential& credential, const azure::Resource& resource) {
  const std::string_view sr = credential.signed_resource;
  if (sr == "c" || sr == "d") return true;
  if (resource.level() != azure::Level::kBlob) return false;
  return (sr == "b") == credential.snapshot.empty();
}

azure::Outcome<void> AuthorizeServiceSas(const Credential& credential,
                                         const azure::OperationSpec& spec,
                                         const azure::Resource& resource) {
  if (!credential.policy_id.empty()) {
    // Rights and times of the token are not known before ApplyPolicy.
    return azure::Fail(azure::Error(ErrorCode::kAuthorizationFailure)
                           .Because("stored access policy was not applied"));
  }
  if (spec.id == Operation::kGetAccountInformation) return {};
  if (spec.service_letters.empty()) return azure::Fail(ErrorCode::kAuthorizationFailure);
  if (!Covers(credential, resource)) {
    return azure::Fail(ErrorCode::kAuthorizationResourceTypeMismatch);
  }
  if (!credential.letters.HasAny(spec.service_letters)) {
    return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
  }
  return {};
}

azure::Outcome<void> AuthorizeBearer(const Credential& credential, const azure::OperationSpec& spec,
                                     const azure::Resource& resource) {
  if (MayCall(credential.grants, spec, resource, credential.list_prefix)) return {};
  return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
}

// A user delegation SAS may what it says and its maker may, both as of now; one that stands for
// another user what it says and that user may, which POSIX rights tell.
azure::Permissions LettersNow(const Credential& credential, const azure::OperationSpec& spec,
                              const azure::Resource& resource) {
  using enum Credential::Kind;
  if (credential.kind != kBearer && credential.kind != kUserDelegationSas) {
    return credential.letters;
  }
  if (!credential.unauthorized_oid.empty()) return credential.letters;
  const auto letters = LettersOf(credential.grants, spec, resource, credential.list_prefix);
  return credential.kind == kBearer ? letters : credential.letters & letters;
}

azure::Outcome<void> AuthorizeDelegationSas(const Credential& credential,
                                            const azure::OperationSpec& spec,
                                            const azure::Resource& resource) {
  BG_CHECK(AuthorizeServiceSas(credential, spec, resource));
  if (spec.sas_resource == '*') return {};  // a batch's parts are asked about one by one
  // A user named by suoid is asked about by POSIX rights; who names one must be allowed to.
  const bool allowed =
      credential.unauthorized_oid.empty()
          ? LettersNow(credential, spec, resource).HasAny(spec.service_letters)
          : MayActForOthers(credential.grants, spec, resource, credential.list_prefix);
  if (!allowed) return azure::Fail(ErrorCode::kAuthorizationPermissionMismatch);
  return {};
}

azure::Outcome<void> Check(const Credential& credential, const azure::OperationSpec& spec,
                           const azure::Resource& resource, Access access, bool has_version) {
  switch (credential.kind) {
    case Credential::Kind::kSharedKey:
      return {};
    case Credential::Kind::kAnonymous:
      return AuthorizeAnonymous(credential, spec, access, has_version);
    case Credential::Kind::kAccountSas:
      return AuthorizeAccountSas(credential, spec);
    case Credential::Kind::kServiceSas:
      return AuthorizeServiceSas(credential, spec, resource);
    case Credential::Kind::kUserDelegationSas:
      return AuthorizeDelegationSas(credential, spec, resource);
    case Credential::Kind::kBearer:
      return AuthorizeBearer(credential, spec, resource);
  }
  return azure::Fail(ErrorCode::kAuthorizationFailure);
}

}  // namespace

azure::Outcome<azure::Permissions> Authorize(const Credential& credential,
                                             const azure::OperationSpec& spec,
                                             const azure::Resource& resource, Access access,
                                             bool has_version) {
  // A browser sends the preflight without the credentials of the request it asks about.
  if (spec.id == Operation::kPreflightBlobRequest) return credential.letters;
  const bool anonymous = credential.kind == Credential::Kind::kAnonymous;
  const bool bearer = credential.kind == Credential::Kind::kBearer;
  if (spec.id == Operation::kGetUserDelegationKey && !bearer && !anonymous) {
    return azure::Fail(AuthenticationFailed("Only authentication scheme Bearer is supported"));
  }
  BG_CHECK(Check(credential, spec, resource, access, has_version));
  return LettersNow(credential, spec, resource);
}

bool CoversToo(const Credential& credential, const azure::OperationSpec& spec,
               const azure::Resource& named, const azure::Resource& other) {
  using enum Credential::Kind;
  switch (credential.kind) {
    case kSharedKey:
    case kAccountSas:
      return true;
    case kAnonymous:
      return false;
    case kBearer:
      return MayCall(credential.grants, spec, other, {});
    case kServiceSas:
      break;
    case kUserDelegationSas:
      if (credential.unauthorized_oid.empty() &&
          !LettersNow(credential, spec, other).HasAny(spec.service_letters)) {
        return false;
      }
      break;
  }
  if (other.container != named.container) return false;
  if (credential.signed_resource == "c") return true;
  const auto directory = DirectoryOf(named.blob, credential.directory_depth);
  return credential.signed_resource == "d" && directory &&
         DirectoryOf(other.blob, credential.directory_depth) == directory;
}

std::string_view PosixCallerOf(const Credential& credential) {
  using enum Credential::Kind;
  if (credential.kind == kBearer) return credential.oid;
  return credential.kind == kUserDelegationSas ? std::string_view(credential.unauthorized_oid)
                                               : std::string_view();
}

}  // namespace blobgate::auth
