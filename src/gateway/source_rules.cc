#include "gateway/source_rules.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/encoding.h"

namespace blobgate::gateway {
namespace {

namespace ip = boost::asio::ip;

struct Block4 {
  std::uint32_t network;
  int bits;
};

constexpr std::uint32_t Quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

/// The special-purpose blocks of IPv4 that are not globally reachable.
constexpr std::array<Block4, 16> kSpecial4 = {{
    {Quad(0, 0, 0, 0), 8},         // this network
    {Quad(10, 0, 0, 0), 8},        // private
    {Quad(100, 64, 0, 0), 10},     // shared (carrier NAT)
    {Quad(127, 0, 0, 0), 8},       // loopback
    {Quad(168, 63, 129, 16), 32},  // Azure's host agent, which is public by number only
    {Quad(169, 254, 0, 0), 16},    // link-local, cloud metadata
    {Quad(172, 16, 0, 0), 12},     // private
    {Quad(192, 0, 0, 0), 24},      // protocol assignments
    {Quad(192, 0, 2, 0), 24},      // documentation
    {Quad(192, 88, 99, 0), 24},    // 6to4 relays
    {Quad(192, 168, 0, 0), 16},    // private
    {Quad(198, 18, 0, 0), 15},     // benchmarks
    {Quad(198, 51, 100, 0), 24},   // documentation
    {Quad(203, 0, 113, 0), 24},    // documentation
    {Quad(224, 0, 0, 0), 4},       // multicast
    {Quad(240, 0, 0, 0), 4},       // reserved, broadcast
}};

bool IsPublic4(std::uint32_t address) {
  return std::ranges::none_of(kSpecial4, [address](const Block4& block) {
    return (address ^ block.network) >> (32 - block.bits) == 0;
  });
}

using Bytes6 = ip::address_v6::bytes_type;

bool HasPrefix(const Bytes6& bytes, std::initializer_list<unsigned char> prefix) {
  return std::equal(prefix.begin(), prefix.end(), bytes.begin());
}

/// The IPv4 address in four bytes of an IPv6 one.
bool IsPublicInside(const Bytes6& bytes, std::size_t at) {
  return IsPublic4(Quad(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]));
}

bool IsPublic6(const Bytes6& bytes) {
  if (HasPrefix(bytes, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}))
    return IsPublicInside(bytes, 12);
  if (HasPrefix(bytes, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) {
    return IsPublicInside(bytes, 12);
  }
  if (HasPrefix(bytes, {0x20, 0x02})) return IsPublicInside(bytes, 2);
  if ((bytes[0] & 0xe0) != 0x20) return false;  // outside 2000::/3: no global unicast
  const bool assignments = HasPrefix(bytes, {0x20, 0x01}) && (bytes[2] & 0xfe) == 0;  // Teredo too
  const bool documentation = HasPrefix(bytes, {0x20, 0x01, 0x0d, 0xb8}) ||
                             (HasPrefix(bytes, {0x3f, 0xff}) && (bytes[2] & 0xf0) == 0);
  return !assignments && !documentation;
}

}  // namespace

SourceRules::SourceRules(const std::vector<std::string>& allowed_hosts) {
  for (const std::string& entry : allowed_hosts) {
    std::string host = ToLower(entry);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    if (host.ends_with('.')) host.pop_back();
    if (host == "*") {
      all_ = true;
    } else if (host.starts_with("*.")) {
      suffixes_.push_back(host.substr(1));
    } else if (!host.empty()) {
      exact_.push_back(std::move(host));
    }
  }
}

HostRule SourceRules::Of(std::string_view host) const {
  if (std::ranges::find(exact_, host) != exact_.end()) return HostRule::kNamed;
  const auto matches = [host](const std::string& suffix) {
    return host.size() > suffix.size() && host.ends_with(suffix);
  };
  if (all_ || std::ranges::any_of(suffixes_, matches)) return HostRule::kPublicOnly;
  return HostRule::kRefused;
}

bool IsPublicAddress(const ip::address& address) {
  if (address.is_v4()) return IsPublic4(address.to_v4().to_uint());
  return address.to_v6().scope_id() == 0 && IsPublic6(address.to_v6().to_bytes());
}

}  // namespace blobgate::gateway
