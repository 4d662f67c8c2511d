#include "auth/service_sas.h"

#include <limits>
#include <string>

#include "auth/failure.h"
#include "auth/signature.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

// The versions at which the string to sign or the kinds of resource changed. An absent sv compares
// below all of them.
constexpr std::string_view kResponseHeaders = "2013-08-15";
constexpr std::string_view kBlobPrefix = "2015-02-21";
constexpr std::string_view kIpAndProtocol = "2015-04-05";
constexpr std::string_view kSignedResource = "2018-11-09";
constexpr std::string_view kDirectory = "2020-02-10";
constexpr std::string_view kEncryptionScope = "2020-12-06";

// `sr` is not signed before 2018-11-09, so the kinds that came with it must not be believed there.
bool IsKnownResource(std::string_view sr, std::string_view sv) {
  if (sr == "b" || sr == "c") return true;
  if (sr == "bs" || sr == "bv") return sv >= kSignedResource;
  return sr == "d" && sv >= kDirectory;
}

bool IsWellFormed(const SasFields& fields) {
  if (fields.sig.empty() || !IsKnownResource(fields.sr, fields.sv)) return false;
  if (!fields.sv.empty() && !IsSasVersion(fields.sv)) return false;
  if (fields.sr == "bs" && (fields.snapshot.empty() || !fields.versionid.empty())) return false;
  if (fields.sr == "bv" && (fields.versionid.empty() || !fields.snapshot.empty())) return false;
  return fields.sr == "d" || fields.sdd.empty();
}

// The first `depth` segments of a blob's name; nullopt when it has fewer.
std::optional<std::string_view> DirectoryOf(std::string_view blob, std::uint32_t depth) {
  if (depth == 0) return std::string_view();
  std::size_t end = 0;
  for (std::uint32_t i = 0; i < depth; ++i) {
    if (end >= blob.size()) return std::nullopt;
    end = std::min(blob.find('/', i == 0 ? 0 : end + 1), blob.size());
  }
  return blob.substr(0, end);
}

// The canonical name of what the token covers, as far as this URL tells it; nullopt when a token of
// this kind cannot cover the URL.
std::optional<std::string> CoveredResource(const SasFields& fields, std::string_view account,
                                           const azure::Resource& resource, std::uint32_t depth) {
  if (resource.container.empty()) return std::nullopt;
  std::string_view inside;
  if (fields.sr == "d") {
    const auto directory = DirectoryOf(resource.blob, depth);
    if (!directory) return std::nullopt;
    inside = *directory;
  } else if (fields.sr != "c") {
    if (resource.blob.empty()) return std::nullopt;
    inside = resource.blob;
  }
  // A line break in a name would shift the fields after it; no blob may have one.
  if (inside.find('\n') != std::string_view::npos) return std::nullopt;
  std::string out;
  out.reserve(account.size() + resource.container.size() + inside.size() + 8);
  if (fields.sv >= kBlobPrefix) out += "/blob";
  out.append("/").append(account).append("/").append(resource.container);
  if (fields.sr != "c" && !(fields.sr == "d" && depth == 0)) out.append("/").append(inside);
  return out;
}

// `empty_ip_lines`: one retired SDK signs lines for sip and spr before there were any.
std::string StringToSign(const SasFields& fields, std::string_view resource, bool empty_ip_lines) {
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
  } else if (empty_ip_lines) {
    next({});
    next({});
  }
  if (!fields.sv.empty()) next(fields.sv);
  if (fields.sv >= kSignedResource) {
    next(fields.sr);
    next(fields.sr == "bs" ? fields.snapshot : fields.sr == "bv" ? fields.versionid : "");
  }
  if (fields.sv >= kEncryptionScope) next(fields.ses);
  if (fields.sv >= kResponseHeaders) {
    for (const auto field : {fields.rscc, fields.rscd, fields.rsce, fields.rscl, fields.rsct}) {
      next(field);
    }
  }
  return out;
}

azure::Outcome<void> CheckSignature(const SasFields& fields, const azure::Resource& resource,
                                    const AccountKeys& account, std::uint32_t depth) {
  const auto covered = CoveredResource(fields, account.name, resource, depth);
  if (!covered) return azure::Fail(SasNotWellFormed());
  const std::string text = StringToSign(fields, *covered, false);
  if (SignedByAny(account, text, fields.sig)) return {};
  if (!fields.sv.empty() && fields.sv < kBlobPrefix &&
      SignedByAny(account, StringToSign(fields, *covered, true), fields.sig)) {
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

void TakeOverrides(const SasFields& fields, Credential& credential) {
  if (fields.sv < kResponseHeaders) return;  // not signed then
  const std::pair<const char*, std::string_view> headers[] = {{"Cache-Control", fields.rscc},
                                                              {"Content-Disposition", fields.rscd},
                                                              {"Content-Encoding", fields.rsce},
                                                              {"Content-Language", fields.rscl},
                                                              {"Content-Type", fields.rsct}};
  for (const auto& [name, value] : headers) {
    if (!value.empty()) credential.overrides.emplace_back(name, value);
  }
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
  TakeOverrides(fields, credential);
  return credential;
}

}  // namespace

azure::Permissions LettersFor(std::string_view signed_resource, std::string_view sp) {
  if (signed_resource != "d") return azure::Permissions(sp);
  std::string letters;
  for (const char c : sp) {
    if (std::string_view("racwdlmeop").find(c) != std::string_view::npos) letters += c;
  }
  return azure::Permissions(letters);
}

azure::Outcome<Credential> CheckServiceSas(const SasFields& fields, const http::RequestHead& head,
                                           const azure::Resource& resource,
                                           const AccountKeys& account, Time now) {
  if (!IsWellFormed(fields)) return azure::Fail(SasNotWellFormed());
  std::uint32_t depth = 0;
  if (fields.sr == "d") {
    const auto sdd = ParseUnsigned(fields.sdd);
    if (!sdd || *sdd > std::numeric_limits<std::uint32_t>::max()) {
      return azure::Fail(SasNotWellFormed());
    }
    depth = static_cast<std::uint32_t>(*sdd);
  }
  BG_CHECK(CheckSignature(fields, resource, account, depth));
  BG_CHECK(CheckComplete(fields));
  BG_CHECK(CheckTimeWindow(fields.st, fields.se, now));
  BG_CHECK(CheckOrigin(fields, head));
  return ToCredential(fields, depth);
}

}  // namespace blobgate::auth
