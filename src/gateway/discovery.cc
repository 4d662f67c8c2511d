#include "gateway/discovery.h"

#include <array>
#include <utility>

#include "base/encoding.h"

namespace blobgate::gateway {
namespace {

constexpr std::array<std::string_view, 2> kDocumentPaths = {
    ".well-known/openid-configuration", "v2.0/.well-known/openid-configuration"};
constexpr std::array<std::string_view, 3> kKeyPaths = {"discovery/keys", "discovery/v2.0/keys",
                                                       ".well-known/jwks.json"};

template <std::size_t N>
bool IsOneOf(std::string_view path, const std::array<std::string_view, N>& known) {
  for (const std::string_view name : known) {
    if (path == name) return true;
  }
  return false;
}

// `scheme://authority` of a URL.
std::string_view OriginOf(std::string_view url) {
  const std::size_t host = url.find("//");
  return url.substr(0, host == url.npos ? host : url.find('/', host + 2));
}

// The values come from the operator's file; what JSON cannot carry as it is is escaped.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

std::string DocumentOf(std::string_view issuer, std::string_view tenant) {
  const std::string base = std::string(OriginOf(issuer)) + "/" + std::string(tenant);
  std::string out = "{\"issuer\":" + Quoted(issuer);
  const std::pair<std::string_view, std::string> urls[] = {
      {"authorization_endpoint", base + "/oauth2/v2.0/authorize"},
      {"token_endpoint", base + "/oauth2/v2.0/token"},
      {"jwks_uri", base + "/discovery/v2.0/keys"}};
  for (const auto& [name, url] : urls) {
    out.append(",\"").append(name).append("\":").append(Quoted(url));
  }
  return out +
         ",\"response_types_supported\":[\"token\"],\"subject_types_supported\":[\"public\"],"
         "\"id_token_signing_alg_values_supported\":[\"RS256\",\"ES256\",\"ES384\"]}";
}

}  // namespace

Discovery::Discovery(std::string_view issuer, std::string_view tenant, std::string keys)
    : tenant_(ToLower(tenant)), document_(DocumentOf(issuer, tenant)), keys_(std::move(keys)) {}

std::optional<http::Response> Discovery::Answer(const http::RequestHead& head,
                                                const azure::AddressRules& rules) const {
  if (head.method != "GET" && head.method != "HEAD") return std::nullopt;
  std::string_view path = head.path;
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  if (slash != path.npos && EqualsIgnoreCase(path.substr(0, slash), tenant_)) {
    path.remove_prefix(slash + 1);
  }
  const bool document = IsOneOf(path, kDocumentPaths);
  if (!document && !IsOneOf(path, kKeyPaths)) return std::nullopt;
  if (azure::IsHostStyle(head.host(), rules)) return std::nullopt;
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/json");
  response.Set("Cache-Control", "public, max-age=300");
  const std::string& text = document ? document_ : keys_;
  if (head.method == "HEAD") {
    response.content_length = text.size();
  } else {
    response.text = text;
  }
  return response;
}

}  // namespace blobgate::gateway
