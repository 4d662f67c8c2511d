#include "auth/delegation_sas.h"

#include <string>
#include <utility>

#include "auth/failure.h"
#include "auth/sas_resource.h"
#include "auth/signature.h"
#include "azure/delegation_key.h"
#include "base/encoding.h"
#include "base/uuid.h"

namespace blobgate::auth {
namespace {

using namespace sas_version;

bool IsUuidOrEmpty(std::string_view text) {
  return text.empty() || IsUuid(text);
}

// Fields that a version does not sign must not be there: nobody vouches for them.
bool HasOnlySignedFields(const SasFields& f) {
  if (f.sv < kDirectory && !(f.saoid.empty() && f.suoid.empty() && f.scid.empty())) return false;
  if (f.sv < kEncryptionScope && !f.ses.empty()) return false;
  if (f.sv < kDelegatedUser && !(f.skdutid.empty() && f.sduoid.empty())) return false;
  return f.sv >= kSignedRequest || (f.srh.empty() && f.srq.empty());
}

bool IsWellFormed(const SasFields& f) {
  if (!IsSasVersion(f.sv) || f.sv < kSignedResource || !IsWellFormedResource(f)) return false;
  for (const auto field : {f.sp, f.se, f.skt, f.ske, f.sks, f.skv, f.sig}) {
    if (field.empty()) return false;
  }
  if (!f.si.empty() || !f.ss.empty() || !f.srt.empty()) return false;
  if (!IsUuid(f.skoid) || !IsUuid(f.sktid) || f.sks != "b" || !IsSasVersion(f.skv)) return false;
  for (const auto id : {f.saoid, f.suoid, f.scid, f.skdutid, f.sduoid}) {
    if (!IsUuidOrEmpty(id)) return false;
  }
  if (!f.saoid.empty() && !f.suoid.empty()) return false;
  return HasOnlySignedFields(f);
}

// Calls `each` with every name of a comma-separated list; false as soon as it does.
template <class Each>
bool ForEachName(std::string_view list, const Each& each) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (!each(list.substr(0, comma))) return false;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return true;
}

// The headers and parameters that the token demands, with this request's values. False when one is
// missing, is there twice, or could pass for several lines.
bool AppendDemanded(const SasFields& fields, const http::RequestHead& head, std::string& headers,
                    std::string& query) {
  const auto fits = [](std::string_view name, std::string_view value) {
    return !name.empty() && value.find_first_of("\r\n") == value.npos;
  };
  const bool good = ForEachName(fields.srh, [&](std::string_view name) {
    const auto value = head.headers.Find(name);
    if (!value || !fits(name, *value) || head.headers.Count(name) != 1) return false;
    headers.append(name).append(":").append(*value).append("\n");
    return true;
  });
  return good && ForEachName(fields.srq, [&](std::string_view name) {
           const auto value = head.query.Find(name);
           if (!value || !fits(name, *value)) return false;
           query.append("\n").append(name).append(":").append(*value);
           return true;
         });
}

std::string StringToSign(const SasFields& f, std::string_view resource, std::string_view headers,
                         std::string_view query) {
  std::string out;
  out.reserve(768);
  out += f.sp;
  const auto add = [&out](std::initializer_list<std::string_view> fields) {
    for (const auto field : fields) out.append("\n").append(field);
  };
  add({f.st, f.se, resource, f.skoid, f.sktid, f.skt, f.ske, f.sks, f.skv});
  if (f.sv >= kDirectory) add({f.saoid, f.suoid, f.scid});
  if (f.sv >= kDelegatedUser) add({f.skdutid, f.sduoid});
  add({f.sip, f.spr, f.sv, f.sr, SnapshotLine(f)});
  if (f.sv >= kEncryptionScope) add({f.ses});
  if (f.sv >= kSignedRequest) add({headers, query});
  add({f.rscc, f.rscd, f.rsce, f.rscl, f.rsct});
  return out;
}

// The account with the keys that its secrets derive for this token in place of its own.
AccountKeys DerivedKeys(const SasFields& f, const AccountKeys& account) {
  const azure::DelegationKey key{.oid = std::string(f.skoid),
                                 .tid = std::string(f.sktid),
                                 .start = std::string(f.skt),
                                 .expiry = std::string(f.ske),
                                 .service = std::string(f.sks),
                                 .version = std::string(f.skv),
                                 .delegated_tid = std::string(f.skdutid)};
  AccountKeys out;
  out.name = account.name;
  for (const std::string& secret : account.delegation_secrets) {
    if (!secret.empty()) out.keys.push_back(azure::DelegationKeyValue(secret, key));
  }
  return out;
}

azure::Outcome<void> CheckSignature(const SasFields& fields, const http::RequestHead& head,
                                    const azure::Resource& resource, const AccountKeys& account,
                                    std::uint32_t depth) {
  const auto covered =
      CoveredResource(fields, account.name, resource, depth, azure::ListedPrefix(head, resource));
  std::string headers, query;
  if (!covered || !AppendDemanded(fields, head, headers, query)) {
    return azure::Fail(SasNotWellFormed());
  }
  const AccountKeys keys = DerivedKeys(fields, account);
  const std::string text = StringToSign(fields, *covered, headers, query);
  if (SignedByAny(keys, text, fields.sig, TextUse::kRepeated)) return {};
  // The documentation writes a directory with a slash at its end, SDKs do not.
  const bool directory = fields.sr == "d" && depth > 0;
  if (directory && SignedByAny(keys, StringToSign(fields, *covered + "/", headers, query),
                               fields.sig, TextUse::kRepeated)) {
    return {};
  }
  return azure::Fail(SasSignatureMismatch(text));
}

// The token, and the key it was made with: the SAS ends with its key, whatever `se` says.
azure::Outcome<void> CheckTimes(const SasFields& fields, Time now) {
  BG_CHECK(CheckTimeWindow(fields.skt, fields.ske, now));
  return CheckTimeWindow(fields.st, fields.se, now);
}

azure::Outcome<void> CheckUser(const SasFields& fields, const Credential* user) {
  if (fields.sduoid.empty()) return {};
  const std::string_view tenant = fields.skdutid.empty() ? fields.sktid : fields.skdutid;
  if (user != nullptr && EqualsIgnoreCase(user->oid, fields.sduoid) &&
      EqualsIgnoreCase(user->tid, tenant)) {
    return {};
  }
  return azure::Fail(
      AuthenticationFailed("The signed delegated user object id is not that of the bearer."));
}

Credential ToCredential(const SasFields& fields, const http::RequestHead& head,
                        const azure::Resource& resource, std::uint32_t depth) {
  Credential credential;
  credential.kind = Credential::Kind::kUserDelegationSas;
  credential.letters = LettersFor(fields.sr, fields.sp);
  credential.sas_version = fields.sv;
  credential.signed_resource = fields.sr;
  credential.snapshot = fields.snapshot.empty() ? fields.versionid : fields.snapshot;
  credential.has_start = !fields.st.empty();
  credential.has_expiry = credential.has_permission = true;
  credential.directory_depth = depth;
  credential.encryption_scope = fields.ses;
  credential.unauthorized_oid = fields.suoid;
  credential.oid = ToLower(fields.skoid);
  credential.tid = ToLower(fields.sktid);
  credential.list_prefix = azure::ListedPrefix(head, resource);
  credential.overrides = OverridesOf(fields);
  return credential;
}

}  // namespace

azure::Outcome<Credential> CheckDelegationSas(const SasFields& fields,
                                              const http::RequestHead& head,
                                              const azure::Resource& resource,
                                              const AccountKeys& account, Time now,
                                              const OAuth* oauth, const Credential* user) {
  const auto depth = DirectoryDepth(fields);
  if (!IsWellFormed(fields) || !depth) return azure::Fail(SasNotWellFormed());
  BG_CHECK(CheckSignature(fields, head, resource, account, *depth));
  BG_CHECK(CheckTimes(fields, now));
  BG_CHECK(CheckOrigin(fields, head));
  BG_CHECK(CheckUser(fields, user));
  if (oauth == nullptr || !oauth->KnowsTenant(fields.sktid)) {
    return azure::Fail(AuthenticationFailed("The tenant of the user delegation key is not known."));
  }
  Credential credential = ToCredential(fields, head, resource, *depth);
  Principal maker;
  maker.oid = credential.oid;
  maker.tid = credential.tid;
  credential.grants = oauth->GrantsOf(maker, account.name);
  return credential;
}

}  // namespace blobgate::auth
