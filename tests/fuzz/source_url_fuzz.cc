// URLs of copy sources, and the lists of hosts that copies may read from. What is accepted can be
// written as one URL that names the same place, so that what was checked is what is connected to.
#include "base/encoding.h"
#include "fuzz/input.h"
#include "gateway/source_rules.h"
#include "gateway/source_url.h"

namespace {

using namespace blobgate;
using fuzz::Require;

void CheckUrl(const gateway::SourceUrl& url) {
  Require(!url.host.empty() && ToLower(url.host) == url.host && url.port != 0);
  Require(url.host.find_first_of("/?#@[]\\ %") == std::string::npos);
  Require(url.target.starts_with('/') && fuzz::HasNoLineBreak(url.target));
  const std::string written = (url.tls ? "https://" : "http://") + url.authority + url.target;
  const auto again = gateway::ParseSourceUrl(written);
  if (written.size() > gateway::kMaxSourceUrl) return;  // the `/` that was missing is in it
  Require(again && again->tls == url.tls && again->host == url.host && again->port == url.port);
  Require(again->target == url.target && again->authority == url.authority);
  const auto where = gateway::ParseHostPort(url.authority, url.tls ? 443 : 80);
  Require(where && where->host == url.host && where->port == url.port);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const gateway::SourceRules rules({"named.example.net", "*.example.com", "10.0.0.1"});
  static const gateway::SourceRules all({"*"});
  const std::string_view text = fuzz::TextOf(data, size);
  (void)gateway::ParseHostPort(text, 80);
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(text, ec);
  if (!ec && address.is_v4()) {
    const auto mapped =
        boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4());
    Require(gateway::IsPublicAddress(address) == gateway::IsPublicAddress(mapped));
  } else if (!ec) {
    (void)gateway::IsPublicAddress(address);
  }
  const auto url = gateway::ParseSourceUrl(text);
  if (!url) return 0;
  CheckUrl(*url);
  const auto rule = rules.Of(url->host);
  if (rule == gateway::HostRule::kNamed) {
    Require(url->host == "named.example.net" || url->host == "10.0.0.1");
  }
  if (rule == gateway::HostRule::kPublicOnly) Require(url->host.ends_with(".example.com"));
  Require(all.Of(url->host) == gateway::HostRule::kPublicOnly);
  return 0;
}
