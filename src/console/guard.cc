#include "console/guard.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace blobgate::console {
namespace {

constexpr std::string_view kCookie = "blobgate-console";
/// With this prefix browsers take the cookie only over TLS and from this host itself.
constexpr std::string_view kSecureCookie = "__Host-blobgate-console";

/// Trusted types: scripts have no way to make HTML of text, not even by mistake.
constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";
constexpr std::string_view kContentPolicy = "sandbox; default-src 'none'; frame-ancestors 'none'";

void Protect(http::Response& response, std::string_view policy) {
  response.Set("Content-Security-Policy", std::string(policy));
  response.Set("X-Content-Type-Options", "nosniff");
  response.Set("Referrer-Policy", "no-referrer");
  response.Set("Cross-Origin-Opener-Policy", "same-origin");
  response.Set("Cross-Origin-Resource-Policy", "same-origin");
}

void Remove(http::Response& response, std::string_view name) {
  response.headers.EraseIf(
      [name](const auto& header) { return EqualsIgnoreCase(header.first, name); });
}

/// Images that cannot hold a script; everything else is bytes.
std::string SafeType(const http::Response& response) {
  constexpr auto kImages = std::to_array<std::string_view>(
      {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"});
  for (const auto& [name, value] : response.headers) {
    if (!EqualsIgnoreCase(name, "content-type")) continue;
    const auto image = std::ranges::find(kImages, ToLower(Trim(value)));
    if (image != kImages.end()) return std::string(*image);
  }
  return "application/octet-stream";
}

/// RFC 6266, RFC 8187.
std::string SavedAs(std::string_view blob) {
  const std::string_view name = blob.substr(blob.rfind('/') + 1);
  return "attachment; filename*=UTF-8''" + PercentEncode(name.empty() ? "blob" : name);
}

}  // namespace

std::optional<std::string> ForeignBecause(const http::RequestHead& head) {
  // "none": the user typed the address or opened a bookmark.
  const std::string_view site = head.headers.Get("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") {
    return "the request comes from another site";
  }
  if (const auto origin = head.headers.Find("origin")) {
    const std::size_t colon = origin->find("://");
    const bool own = colon != std::string_view::npos && !head.host().empty() &&
                     EqualsIgnoreCase(origin->substr(colon + 3), head.host());
    if (!own) return "the request comes from another origin";
  }
  const bool reads = head.method == "GET" || head.method == "HEAD";
  if (!reads && !head.headers.Has(kRequestHeader)) {
    return "the header " + std::string(kRequestHeader) + " is needed";
  }
  return std::nullopt;
}

std::vector<std::string_view> SessionCookies(const http::RequestHead& head) {
  std::vector<std::string_view> out;
  const std::string_view wanted = head.secure ? kSecureCookie : kCookie;
  for (const auto& [field, value] : head.headers.fields()) {
    if (!EqualsIgnoreCase(field, "cookie")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = Trim(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::size_t equals = pair.find('=');
      if (equals != pair.npos && pair.substr(0, equals) == wanted) {
        out.push_back(pair.substr(equals + 1));
      }
    }
  }
  return out;
}

std::string SessionCookie(std::string_view id, long long seconds, bool secure) {
  std::string out(secure ? kSecureCookie : kCookie);
  out.append("=").append(id).append("; Path=/; HttpOnly; SameSite=Strict; Max-Age=");
  out += std::to_string(id.empty() ? 0 : seconds);
  if (secure) out += "; Secure";
  return out;
}

void ProtectPage(http::Response& response) {
  Protect(response, kPagePolicy);
}

void ProtectContent(http::Response& response, bool content, std::string_view blob) {
  std::string type = SafeType(response);
  for (const std::string_view name : {"Cache-Control", "Content-Disposition"}) {
    Remove(response, name);
  }
  if (content) {
    for (const std::string_view name : {"Content-Type", "Content-Encoding"}) Remove(response, name);
    response.Set("Content-Type", std::move(type));
  }
  response.Set("Cache-Control", "no-store");
  response.Set("Content-Disposition", SavedAs(blob));
  Protect(response, kContentPolicy);
}

}  // namespace blobgate::console
