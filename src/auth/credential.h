// Who is asking, and may they? (auth.md)
//
// Three steps, all pure: Authenticate checks the signature and what the token itself says;
// ApplyPolicy completes a service SAS from the container's stored access policy; Authorize compares
// the result with the operation's row. The gateway loads the container between them when it must.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/roles.h"
#include "azure/errors.h"
#include "azure/operation.h"
#include "azure/permissions.h"
#include "azure/resource.h"
#include "base/time.h"
#include "http/request_head.h"

namespace blobgate::auth {

class OAuth;

/// An account's secrets. Keys are decoded (raw bytes); requests may be signed with any of them.
struct AccountKeys {
  std::string name;
  std::vector<std::string> keys;
  /// What user delegation keys are derived from (azure/delegation_key.h): new ones from the first,
  /// and those of every secret are honoured. Empty: there are no user delegation SAS.
  std::vector<std::string> delegation_secrets = {};
  /// False: what is signed with `keys` is refused although the signature is right.
  bool shared_key_access = true;
};

/// A stored access policy as auth needs it (from blob::AccessPolicy; empty fields are absent).
struct StoredPolicy {
  std::string_view id, start, expiry, permission;
};

struct Credential {
  enum class Kind {
    kAnonymous,
    kSharedKey,
    kAccountSas,
    kServiceSas,
    kUserDelegationSas,
    kBearer,
  };
  Kind kind = Kind::kAnonymous;

  /// All for Shared Key; what `sp` says for a SAS; none for anonymous and bearer. What the
  /// operation may rely on is Authorize's answer.
  azure::Permissions letters;
  /// SAS version for a SAS, else empty: the protocol version when x-ms-version is absent (1.2).
  std::string sas_version;

  // Account SAS.
  std::string services;        ///< ss
  std::string resource_types;  ///< srt

  // Service SAS and user delegation SAS.
  std::string signed_resource;  ///< sr: c, b, bs, bv, d
  std::string snapshot;         ///< the snapshot or version that the URL names; empty: none
  std::string policy_id;        ///< si; not empty: ApplyPolicy must follow
  bool has_start = false, has_expiry = false, has_permission = false;
  std::uint32_t directory_depth = 0;  ///< sdd
  std::string encryption_scope;       ///< ses, also of an account SAS
  std::string unauthorized_oid;       ///< suoid: whose POSIX rights must be checked

  // Bearer, and who made a user delegation SAS.
  std::string oid, tid;
  std::vector<std::string> groups;  ///< of a bearer token: object ids
  std::vector<Grant> grants;        ///< in the account that the URL names
  std::string list_prefix;  ///< `prefix` of the query: a grant for a prefix may list below it

  /// The challenge of a 401; empty: BearerChallenge(). A view into OAuth.
  std::string_view challenge;

  /// Response headers that the SAS overrides: {"Cache-Control", rscc} and so on; signed.
  std::vector<std::pair<std::string, std::string>> overrides;
};

/// Verifies the Authorization header, else the `sig` of the query, else answers an anonymous
/// credential. `account` is the account that the URL names; null: there is no such account (403
/// AuthenticationFailed with credentials, 404 ResourceNotFound without). `oauth` null: no bearer
/// token is believed. A user delegation SAS made for one user needs that user's token beside it.
/// Errors: 400 InvalidAuthenticationInfo (401 with WWW-Authenticate for a bearer token), 400
/// InvalidHeaderValue for a signed header sent twice, 403 AuthenticationFailed with
/// AuthenticationErrorDetail (the string to sign is in it as Azure does it, the computed signature
/// never), 403 AuthorizationSourceIPMismatch, 403 AuthorizationProtocolMismatch, 403
/// KeyBasedAuthenticationNotPermitted. Signatures compare in constant time; every key is tried.
azure::Outcome<Credential> Authenticate(const http::RequestHead& head,
                                        const azure::Resource& resource, const AccountKeys* account,
                                        Time now, const OAuth* oauth = nullptr);

/// Completes `credential` from the policy it names and clears policy_id; does nothing when it names
/// none. 403 AuthenticationFailed when there is no such policy, when a field is in both or in
/// neither, or when the time window is over; policy_id then stays, and Authorize refuses.
azure::Outcome<void> ApplyPolicy(Credential& credential, const std::vector<StoredPolicy>& policies,
                                 Time now);

/// kForbidden: the account allows no anonymous readers.
enum class Access { kPrivate, kBlob, kContainer, kForbidden };

/// May this credential do `spec` on `resource`? The answer is the letters that the operation may
/// rely on for its own checks. `access` is the container's public access level (kPrivate when there
/// is no container). Errors: 409 PublicAccessNotPermitted, 401 NoAuthenticationInformation with
/// WWW-Authenticate, 404 ResourceNotFound (anonymous without x-ms-version), 403
/// AuthorizationPermissionMismatch, AuthorizationResourceTypeMismatch,
/// AuthorizationServiceMismatch, AuthorizationFailure (an operation no such SAS may call, or a
/// policy that was not applied), AuthenticationFailed (a user delegation key is asked for without a
/// bearer token), RequestForbiddenByContainerEncryptionPolicy (a SAS demands an encryption scope
/// for what would be written). `has_version`: x-ms-version was sent.
azure::Outcome<azure::Permissions> Authorize(const Credential& credential,
                                             const azure::OperationSpec& spec,
                                             const azure::Resource& resource, Access access,
                                             bool has_version);

/// Does this credential, which Authorize let do `spec` on `named`, cover the path `other` of the
/// same account too? That is the source of a rename.
bool CoversToo(const Credential& credential, const azure::OperationSpec& spec,
               const azure::Resource& named, const azure::Resource& other);

/// Whose POSIX rights decide once no role of the caller's does: that of a bearer token, or that a
/// user delegation SAS names with `suoid`. Empty: nobody's, Authorize decides alone.
std::string_view PosixCallerOf(const Credential& credential);

/// The bearer challenge of a 401 where no issuer is configured (auth.md 11).
std::string BearerChallenge();

}  // namespace blobgate::auth
