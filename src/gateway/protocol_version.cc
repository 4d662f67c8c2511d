#include "gateway/protocol_version.h"

namespace blobgate::gateway {
namespace {

bool IsDate(std::string_view text) {
  constexpr std::string_view kForm = "dddd-dd-dd";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == 'd' ? !digit : text[i] != '-') return false;
  }
  return true;
}

}  // namespace

azure::Outcome<std::string> VersionOf(const http::RequestHead& head,
                                      const auth::Credential& credential) {
  if (auto sent = head.headers.Find("x-ms-version")) {
    if (!IsDate(*sent)) return azure::Fail(azure::InvalidHeader("x-ms-version", *sent));
    return std::string(*sent);
  }
  if (auto sent = head.query.Find("api-version"); sent && IsDate(*sent)) return std::string(*sent);
  if (IsDate(credential.sas_version)) return credential.sas_version;
  return std::string(kDefaultVersion);
}

}  // namespace blobgate::gateway
