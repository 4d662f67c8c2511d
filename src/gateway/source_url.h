// The URL of a copy source, taken apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace blobgate::gateway {

/// Longest x-ms-copy-source, bytes (operations.md 1.13).
inline constexpr std::size_t kMaxSourceUrl = 2048;

struct SourceUrl {
  bool tls = false;
  std::string host;        ///< lower case, without the brackets of IPv6 and the root's dot
  std::uint16_t port = 0;  ///< the scheme's own when the URL has none
  std::string authority;   ///< as the Host header: host and, unless it is the default, port
  std::string target;      ///< path and query, still encoded; starts with `/`
};

/// nullopt for what is no absolute http or https URL of printable ASCII: longer than kMaxSourceUrl,
/// another scheme, a user name, no host, a bad port, a malformed escape, a fragment (a `#` in a
/// blob's name must be encoded).
std::optional<SourceUrl> ParseSourceUrl(std::string_view text);

/// Host and port of a Host header or an authority. `default_port` where there is none. nullopt when
/// it is malformed or has a user name.
struct HostPort {
  std::string host;  ///< as in SourceUrl
  std::uint16_t port = 0;
};
std::optional<HostPort> ParseHostPort(std::string_view text, std::uint16_t default_port);

}  // namespace blobgate::gateway
