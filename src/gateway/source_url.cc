#include "gateway/source_url.h"

#include <algorithm>
#include <boost/asio/ip/address_v6.hpp>

#include "base/encoding.h"

namespace blobgate::gateway {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

bool IsPrintable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

bool IsHostCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/// Without a zone.
bool IsIpv6(const std::string& text) {
  boost::system::error_code ec;
  boost::asio::ip::make_address_v6(text, ec);
  return !ec && text.find('%') == std::string::npos;
}

/// Takes the scheme off the front of `text`.
std::optional<bool> TakeScheme(std::string_view& text) {
  const std::size_t end = text.find("://");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = text.substr(0, end);
  text.remove_prefix(end + 3);
  if (EqualsIgnoreCase(scheme, "https")) return true;
  if (EqualsIgnoreCase(scheme, "http")) return false;
  return std::nullopt;
}

/// Takes `[...]` or the text up to a colon off the front of `text`; empty when it is malformed.
std::string TakeHost(std::string_view& text) {
  std::string host;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    host = ToLower(text.substr(1, end - 1));
    text.remove_prefix(end + 1);
    return IsIpv6(host) ? host : std::string();
  }
  const std::size_t end = std::min(text.find(':'), text.size());
  host = ToLower(text.substr(0, end));
  text.remove_prefix(end);
  if (host.ends_with('.')) host.pop_back();
  const bool labels = !host.starts_with('.') && !host.ends_with('.') && !host.contains("..");
  return labels && std::ranges::all_of(host, IsHostCharacter) ? host : std::string();
}

std::string AuthorityOf(const SourceUrl& url) {
  const bool ipv6 = url.host.find(':') != std::string::npos;
  std::string out = ipv6 ? '[' + url.host + ']' : url.host;
  if (url.port != (url.tls ? kHttpsPort : kHttpPort)) out += ':' + std::to_string(url.port);
  return out;
}

}  // namespace

std::optional<HostPort> ParseHostPort(std::string_view text, std::uint16_t default_port) {
  HostPort out;
  out.host = TakeHost(text);
  out.port = default_port;
  if (out.host.empty()) return std::nullopt;
  if (text.empty() || text == ":") return out;
  const auto port = text.starts_with(':') ? ParseUnsigned(text.substr(1)) : std::nullopt;
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

std::optional<SourceUrl> ParseSourceUrl(std::string_view text) {
  if (text.size() > kMaxSourceUrl || !IsPrintable(text)) return std::nullopt;
  if (text.find('#') != std::string_view::npos) return std::nullopt;
  const auto tls = TakeScheme(text);
  if (!tls) return std::nullopt;

  SourceUrl url;
  url.tls = *tls;
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  const auto where = ParseHostPort(text.substr(0, end), *tls ? kHttpsPort : kHttpPort);
  if (!where) return std::nullopt;
  url.host = where->host;
  url.port = where->port;
  url.authority = AuthorityOf(url);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  if (!PercentDecode(url.target)) return std::nullopt;
  return url;
}

}  // namespace blobgate::gateway
