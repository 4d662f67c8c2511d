#include "auth/account_sas.h"

#include <string>

#include "auth/failure.h"
#include "auth/signature.h"

namespace blobgate::auth {
namespace {

constexpr std::string_view kFirstVersion = "2015-04-05";
constexpr std::string_view kEncryptionScopeVersion = "2020-12-06";

bool IsWellFormed(const SasFields& fields) {
  return IsSasVersion(fields.sv) && fields.sv >= kFirstVersion && !fields.ss.empty() &&
         !fields.srt.empty() && !fields.sp.empty() && !fields.se.empty() && !fields.sig.empty() &&
         fields.sr.empty() && fields.si.empty();
}

}  // namespace

std::string AccountSasText(const SasFields& fields, std::string_view account) {
  std::string out;
  out.reserve(256);
  for (const std::string_view field : {account, fields.sp, fields.ss, fields.srt, fields.st,
                                       fields.se, fields.sip, fields.spr, fields.sv}) {
    out += field;
    out += '\n';
  }
  if (fields.sv >= kEncryptionScopeVersion) {
    out += fields.ses;
    out += '\n';
  }
  return out;
}

azure::Outcome<Credential> CheckAccountSas(const SasFields& fields, const http::RequestHead& head,
                                           const AccountKeys& account, Time now) {
  if (!IsWellFormed(fields)) return azure::Fail(SasNotWellFormed());
  const std::string text = AccountSasText(fields, account.name);
  if (!SignedByAny(account, text, fields.sig, TextUse::kRepeated))
    return azure::Fail(SasSignatureMismatch(text));
  BG_CHECK(CheckTimeWindow(fields.st, fields.se, now));
  BG_CHECK(CheckOrigin(fields, head));
  Credential credential;
  credential.kind = Credential::Kind::kAccountSas;
  credential.letters = azure::Permissions(fields.sp);
  credential.sas_version = fields.sv;
  credential.services = fields.ss;
  credential.resource_types = fields.srt;
  credential.encryption_scope = fields.ses;
  credential.has_start = !fields.st.empty();
  credential.has_expiry = credential.has_permission = true;
  return credential;
}

}  // namespace blobgate::auth
