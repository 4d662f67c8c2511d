#include "auth/failure.h"

#include <string>

#include "auth/credential.h"
#include "auth/oauth.h"
#include "base/encoding.h"

namespace blobgate::auth {
namespace {

// The client chose these bytes, decoded from the query among others: no NUL, no controls, no broken
// UTF-8 may reach the XML body.
std::string ForXml(std::string_view text) {
  std::string out(text);
  const bool utf8 = IsUtf8(text);
  for (char& c : out) {
    const auto byte = static_cast<unsigned char>(c);
    const bool control = (byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7f;
    if (control || (byte >= 0x80 && !utf8)) c = '?';
  }
  return out;
}

constexpr char kDetail[] = "AuthenticationErrorDetail";

}  // namespace

azure::Error AuthenticationFailed(std::string_view detail) {
  azure::Error error(azure::ErrorCode::kAuthenticationFailed);
  if (!detail.empty()) error = std::move(error).WithDetail(kDetail, ForXml(detail));
  return error;
}

azure::Error SasNotWellFormed() {
  return AuthenticationFailed("Signature fields not well formed.");
}

azure::Error SasSignatureMismatch(std::string_view string_to_sign) {
  std::string detail = "Signature did not match. String to sign used was ";
  detail += string_to_sign;
  return AuthenticationFailed(detail);
}

azure::Error BearerRefused(std::string_view detail, std::string_view challenge) {
  return azure::Error(azure::ErrorCode::kInvalidAuthenticationInfo)
      .WithStatus(401)
      .WithMessage(
          "Server failed to authenticate the request. Please refer to the information in the "
          "www-authenticate header.")
      .WithDetail(kDetail, ForXml(detail))
      .WithHeader("WWW-Authenticate", std::string(challenge));
}

std::string BearerChallenge() {
  return BearerChallenge("https://login.microsoftonline.com", {});
}

}  // namespace blobgate::auth
