#include "auth/service_sas.h"

#include <string>

#include "auth/failure.h"
#include "auth/sas_resource.h"
#include "auth/signature.h"

namespace blobgate::auth {
namespace {

using namespace sas_version;

bool IsWellFormed(const SasFields& fields) {
  if (fields.sig.empty() || !IsWellFormedResource(fields)) return false;
  return fields.sv.empty() || IsSasVersion(fields.sv);
}

}  // namespace

std::string ServiceSasText(const SasFields& fields, std::string_view resource, SasLines lines) {
  std::string out;
  out.reserve(384);
  const auto next = [&out](std::string_view field) {
    out += '\n';
    out += field;
  };
  out += fields.sp;
  next(fields.st);
  next(fields.se);
  next(resource);
  next(fields.si);
  if (fields.sv >= kIpAndProtocol) {
    next(fields.sip);
    next(fields.spr);
  } else if (lines == SasLines::kWithEmptyIp) {
    next({});
    next({});
  }
  if (!fields.sv.empty()) next(fields.sv);
  if (fields.sv >= kSignedResource) {
    next(fields.sr);
    next(SnapshotLine(fields));
  }
  if (fields.sv >= kEncryptionScope) next(fields.ses);
  if (fields.sv >= kResponseHeaders) {
    for (const auto field : {fields.rscc, fields.rscd, fields.rsce, fields.rscl, fields.rsct}) {
      next(field);
    }
  }
  return out;
}

namespace {

azure::Outcome<void> CheckSignature(const SasFields& fields, const http::RequestHead& head,
                                    const azure::Resource& resource, const AccountKeys& account,
                                    std::uint32_t depth) {
  const auto covered =
      CoveredResource(fields, account.name, resource, depth, azure::ListedPrefix(head, resource));
  if (!covered) return azure::Fail(SasNotWellFormed());
  const std::string text = ServiceSasText(fields, *covered);
  if (SignedByAny(account, text, fields.sig, TextUse::kRepeated)) return {};
  if (!fields.sv.empty() && fields.sv < kBlobPrefix &&
      SignedByAny(account, ServiceSasText(fields, *covered, SasLines::kWithEmptyIp), fields.sig,
                  TextUse::kRepeated)) {
    return {};
  }
  return azure::Fail(SasSignatureMismatch(text));
}

// Without a stored policy the token itself must say how long and what.
azure::Outcome<void> CheckComplete(const SasFields& fields) {
  if (!fields.si.empty()) return {};
  if (fields.se.empty()) {
    return azure::Fail(
        AuthenticationFailed("Signed expiry must be specified in signature or SAS identifier"));
  }
  if (fields.sp.empty()) {
    return azure::Fail(
        AuthenticationFailed("Signed permission must be specified in signature or SAS identifier"));
  }
  return {};
}

Credential ToCredential(const SasFields& fields, std::uint32_t depth) {
  Credential credential;
  credential.kind = Credential::Kind::kServiceSas;
  credential.letters = LettersFor(fields.sr, fields.sp);
  credential.sas_version = fields.sv;
  credential.signed_resource = fields.sr;
  credential.snapshot = fields.snapshot.empty() ? fields.versionid : fields.snapshot;
  credential.policy_id = fields.si;
  credential.has_start = !fields.st.empty();
  credential.has_expiry = !fields.se.empty();
  credential.has_permission = !fields.sp.empty();
  credential.directory_depth = depth;
  credential.encryption_scope = fields.ses;
  credential.overrides = OverridesOf(fields);
  return credential;
}

}  // namespace

azure::Outcome<Credential> CheckServiceSas(const SasFields& fields, const http::RequestHead& head,
                                           const azure::Resource& resource,
                                           const AccountKeys& account, Time now) {
  if (!IsWellFormed(fields)) return azure::Fail(SasNotWellFormed());
  const auto depth = DirectoryDepth(fields);
  if (!depth) return azure::Fail(SasNotWellFormed());
  BG_CHECK(CheckSignature(fields, head, resource, account, *depth));
  BG_CHECK(CheckComplete(fields));
  BG_CHECK(CheckTimeWindow(fields.st, fields.se, now));
  BG_CHECK(CheckOrigin(fields, head));
  return ToCredential(fields, *depth);
}

}  // namespace blobgate::auth
