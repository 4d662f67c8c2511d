#include "auth/shared_key.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "auth/canonical.h"
#include "auth/failure.h"
#include "auth/signature.h"

namespace blobgate::auth {
namespace {

constexpr std::chrono::minutes kDateWindow{15};
constexpr std::string_view kSecondary = "-secondary";

std::optional<azure::Error> CheckDate(const SignedHeaders& headers, Time now) {
  std::string_view text = headers.Extension("x-ms-date");
  if (text.empty()) text = headers.Get(SignedHeaders::kDate);
  if (text.empty()) return AuthenticationFailed("Request date header not specified.");
  const auto date = ParseHttpDate(text);
  const auto refuse = [&](std::string detail) {
    detail += ": '";
    detail += text;
    detail += '\'';
    return AuthenticationFailed(detail);
  };
  if (!date) return refuse("Request date header not in the correct format");
  if (now - *date > kDateWindow) return refuse("Request date header too old");
  if (*date - now > kDateWindow) return refuse("Request date header too far in the future");
  return std::nullopt;
}

// Empty for no body since 2015-02-21; before, what was sent.
std::string_view SignedContentLength(const SignedHeaders& headers, const http::RequestHead& head) {
  const std::string_view version = headers.Extension("x-ms-version");
  const bool zero_is_empty = version.empty() || version >= "2015-02-21";
  if (zero_is_empty && head.content_length.value_or(0) == 0) return {};
  return headers.Get(SignedHeaders::kContentLength);
}

std::string StringToSign(const SharedKeyClaim& claim, const http::RequestHead& head,
                         const SignedHeaders& headers, std::string_view account, HeaderForm form) {
  using enum SignedHeaders::Standard;
  std::string out;
  out.reserve(512);
  const auto line = [&out](std::string_view text) {
    out += text;
    out += '\n';
  };
  const std::string_view date =
      headers.Extension("x-ms-date").empty() ? headers.Get(kDate) : std::string_view();
  line(head.method);
  if (claim.lite) {
    line(headers.Get(kContentMd5));
    line(headers.Get(kContentType));
    line(date);
  } else {
    line(headers.Get(kContentEncoding));
    line(headers.Get(kContentLanguage));
    line(SignedContentLength(headers, head));
    line(headers.Get(kContentMd5));
    line(headers.Get(kContentType));
    line(date);
    for (const auto header :
         {kIfModifiedSince, kIfMatch, kIfNoneMatch, kIfUnmodifiedSince, kRange}) {
      line(headers.Get(header));
    }
  }
  headers.AppendExtensions(out, form);
  if (claim.lite) {
    AppendLiteResource(out, account, head);
  } else {
    AppendCanonicalResource(out, account, head);
  }
  return out;
}

bool IsAccountName(std::string_view claimed, const azure::Resource& resource,
                   std::string_view account) {
  if (claimed == account) return true;
  return resource.secondary && claimed.size() == account.size() + kSecondary.size() &&
         claimed.starts_with(account) && claimed.ends_with(kSecondary);
}

// Parameters are signed as lines, so a line break inside one would let `a=b&c=d` pass for
// `a=b%0Ac:d`, another request with the same signature.
bool HasLineBreak(const http::Query& query) {
  return std::ranges::any_of(query.params(), [](const http::Query::Param& param) {
    return param.first.find('\n') != std::string::npos ||
           param.second.find('\n') != std::string::npos;
  });
}

azure::Error SignatureMismatch(const SharedKeyClaim& claim, std::string_view string_to_sign) {
  std::string detail = "The MAC signature found in the HTTP request '";
  detail += claim.signature;
  detail += "' is not the same as any computed signature. Server used following string to sign: '";
  detail += string_to_sign;
  detail += "'.";
  return AuthenticationFailed(detail);
}

// The rarer spellings, only those that differ from the usual one for this request.
bool MatchesOtherForm(const SharedKeyClaim& claim, const http::RequestHead& head,
                      const SignedHeaders& headers, const azure::Resource& resource,
                      const AccountKeys& account) {
  const bool order = headers.OrderMatters();
  const bool blanks = headers.BlanksMatter();
  // Some clients sign the name of the secondary as they wrote it.
  const std::string secondary = account.name + std::string(kSecondary);
  for (unsigned bits = 1; bits < 8; ++bits) {
    const HeaderForm form{.ordinal = (bits & 1) != 0, .fold_blanks = (bits & 2) != 0};
    const bool as_secondary = (bits & 4) != 0;
    if ((form.ordinal && !order) || (form.fold_blanks && !blanks)) continue;
    if (as_secondary && !resource.secondary) continue;
    const std::string_view name = as_secondary ? secondary : account.name;
    if (SignedByAny(account, StringToSign(claim, head, headers, name, form), claim.signature,
                    TextUse::kOnce)) {
      return true;
    }
  }
  return false;
}

}  // namespace

azure::Outcome<Credential> CheckSharedKey(const SharedKeyClaim& claim,
                                          const http::RequestHead& head,
                                          const azure::Resource& resource,
                                          const AccountKeys& account, Time now) {
  if (!IsAccountName(claim.account, resource, account.name)) {
    return azure::Fail(AuthenticationFailed({}));
  }
  BG_TRY(const SignedHeaders headers, SignedHeaders::Pick(head.headers));
  if (auto error = CheckDate(headers, now)) return azure::Fail(std::move(*error));
  if (HasLineBreak(head.query)) {
    return azure::Fail(AuthenticationFailed("A query parameter holds a line break."));
  }
  const std::string usual = StringToSign(claim, head, headers, account.name, {});
  if (!SignedByAny(account, usual, claim.signature, TextUse::kOnce) &&
      !MatchesOtherForm(claim, head, headers, resource, account)) {
    return azure::Fail(SignatureMismatch(claim, usual));
  }
  Credential credential;
  credential.kind = Credential::Kind::kSharedKey;
  credential.letters = azure::Permissions::All();
  return credential;
}

}  // namespace blobgate::auth
