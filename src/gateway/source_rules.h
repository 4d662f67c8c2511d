// Which outside hosts and addresses a copy may read from: what keeps x-ms-copy-source from being a
// way into the network that the server stands in.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace blobgate::gateway {

enum class HostRule {
  kRefused,
  kPublicOnly,  ///< allowed by a pattern: only at public addresses
  kNamed,       ///< the operator named exactly this host: at any address
};

/// The operator's list of hosts: exact names or addresses, "*.suffix" (not the suffix itself), "*".
class SourceRules {
 public:
  explicit SourceRules(const std::vector<std::string>& allowed_hosts);

  /// `host` in lower case, without brackets, port and final dot.
  HostRule Of(std::string_view host) const;

 private:
  std::vector<std::string> exact_;
  std::vector<std::string> suffixes_;  ///< with the leading dot
  bool all_ = false;
};

/// True for addresses of the public Internet. Not public are loopback, private, shared, link-local,
/// multicast, unspecified, documentation, benchmark and reserved ones (RFC 6890 and its
/// registries). An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4) is what that one is;
/// Teredo is not public. Checked on what a name resolved to, so that no spelling of an address and
/// no DNS answer passes it.
bool IsPublicAddress(const boost::asio::ip::address& address);

}  // namespace blobgate::gateway
