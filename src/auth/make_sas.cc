#include "auth/make_sas.h"

#include <utility>

#include "auth/account_sas.h"
#include "auth/sas_common.h"
#include "auth/sas_resource.h"
#include "auth/service_sas.h"
#include "auth/signature.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

/// Old enough for every client, and signed with all that we use.
constexpr std::string_view kVersion = "2022-11-02";

/// `expiry` outlives it.
SasFields FieldsOf(const SasGrant& grant, std::string_view expiry) {
  SasFields fields;
  fields.sv = kVersion;
  fields.sp = grant.permissions;
  fields.se = expiry;
  fields.spr = grant.https_only ? "https" : "https,http";
  return fields;
}

std::string QueryOf(const SasFields& fields) {
  std::string out;
  for (const auto& [name, value] :
       {std::pair{"sv", fields.sv}, std::pair{"ss", fields.ss}, std::pair{"srt", fields.srt},
        std::pair{"sr", fields.sr}, std::pair{"spr", fields.spr}, std::pair{"se", fields.se},
        std::pair{"sp", fields.sp}, std::pair{"sig", fields.sig}}) {
    if (value.empty()) continue;
    if (!out.empty()) out += '&';
    out.append(name).append("=").append(PercentEncode(value));
  }
  return out;
}

}  // namespace

std::string MakeAccountSas(const AccountKeys& account, const SasGrant& grant,
                           std::string_view resource_types) {
  const std::string expiry = FormatIso8601Seconds(grant.expiry);
  SasFields fields = FieldsOf(grant, expiry);
  fields.ss = "b";
  fields.srt = resource_types;
  const std::string signature = SignatureOf(account, AccountSasText(fields, account.name));
  fields.sig = signature;
  return QueryOf(fields);
}

std::string MakeServiceSas(const AccountKeys& account, const SasGrant& grant,
                           const azure::Resource& resource) {
  const std::string expiry = FormatIso8601Seconds(grant.expiry);
  SasFields fields = FieldsOf(grant, expiry);
  fields.sr = resource.blob.empty() ? "c" : "b";
  const auto covered = CoveredResource(fields, account.name, resource, 0, {});
  const std::string signature = SignatureOf(account, ServiceSasText(fields, covered.value_or("")));
  fields.sig = signature;
  return QueryOf(fields);
}

}  // namespace blobgate::auth
