#include "auth/failure.h"

#include <string>

#include "auth/credential.h"
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
  if (!detail.empty()) error.details.emplace_back(kDetail, ForXml(detail));
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

azure::Error BearerRefused() {
  return azure::Error(azure::ErrorCode::kInvalidAuthenticationInfo)
      .WithStatus(401)
      .WithMessage(
          "Server failed to authenticate the request. Please refer to the information in the "
          "www-authenticate header.")
      .WithDetail(kDetail, "Issuer validation failed. Issuer did not match.")
      .WithHeader("WWW-Authenticate", BearerChallenge());
}

std::string BearerChallenge() {
  // Clients take the tenant from the path and ask again only when it is a GUID.
  return "Bearer authorization_uri=https://login.microsoftonline.com/"
         "00000000-0000-0000-0000-000000000000/oauth2/authorize "
         "resource_id=https://storage.azure.com";
}

}  // namespace blobgate::auth
