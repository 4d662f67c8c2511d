// Copy sources: a blob of ours, read under the rights that its own URL gives, or an outside URL
// that the operator allows (design.md section 5).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/published.h"
#include "gateway/accounts.h"
#include "gateway/authenticator.h"
#include "gateway/outside_client.h"
#include "gateway/source_rules.h"
#include "gateway/source_url.h"
#include "operations/call.h"
#include "operations/copy/copy_source.h"

namespace blobgate::gateway {

/// Where this server listens.
struct OwnListener {
  std::string address;     ///< as bound: "127.0.0.1", "0.0.0.0", "::"
  std::uint16_t port = 0;  ///< as bound, not 0
};

/// The references are the server's and outlive the opener.
struct SourceOpenerParts {
  const Accounts& accounts;
  std::vector<std::string> allowed_hosts;
  OutsideClient& outside;
  engine::Engine& engine;
  const Clock& clock;
  operations::EtagSource& etags;
  operations::Background& background;
  Authenticator authenticator = {};
};

/// Any thread, once the listeners are set.
class GatewaySourceOpener final : public operations::SourceOpener {
 public:
  explicit GatewaySourceOpener(SourceOpenerParts parts);
  GatewaySourceOpener(const GatewaySourceOpener&) = delete;
  GatewaySourceOpener& operator=(const GatewaySourceOpener&) = delete;

  /// Call it after the listeners are bound and before requests are served.
  void SetListeners(std::vector<OwnListener> listeners) { listeners_ = std::move(listeners); }

  /// For sources that are opened from now on. Any thread.
  void AllowHosts(const std::vector<std::string>& hosts) {
    allowed_.Set(std::make_shared<const SourceRules>(hosts));
  }

  /// A URL names ourselves when its host is a known account under one of our suffixes, when it is
  /// the Host of the copy request itself, or when it is the address of one of our listeners
  /// (loopback names included). What looks like one of our suffixes but has an account that we do
  /// not know is outside. The client of the copy decides about its own Host header, and gains
  /// nothing by it: a local read still needs its own rights.
  Task<azure::Outcome<operations::CopySource>> Open(operations::SourceRequest request) override;

 private:
  bool IsOwnAddress(const SourceUrl& url, const operations::SourceRequest& request) const;
  Task<azure::Outcome<operations::CopySource>> OpenLocal(const SourceUrl& url,
                                                         const operations::SourceRequest& request,
                                                         const AccountTable& accounts);
  Task<azure::Outcome<operations::CopySource>> OpenOutside(
      const SourceUrl& url, const operations::SourceRequest& request);
  Task<azure::Outcome<operations::LocalSource>> Admit(const http::RequestHead& head,
                                                      std::string_view own_account,
                                                      const AccountTable& accounts);

  SourceOpenerParts parts_;
  Published<SourceRules> allowed_;
  std::vector<OwnListener> listeners_;
  operations::Services services_;  ///< for reading containers; its opener is this one
};

}  // namespace blobgate::gateway
