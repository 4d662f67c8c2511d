// What is known of the daemon besides its requests and its store, as metrics.
#pragma once

#include <prometheus/collectable.h>

#include <chrono>
#include <memory>
#include <vector>

#include "net/server.h"
#include "net/tls.h"
#include "server/account_encryption.h"
#include "server/adapters.h"

namespace blobgate::server {

/// Connections, the certificate, encryption keys, the access log, version and start. Any thread.
class DaemonMetrics final : public prometheus::Collectable {
 public:
  /// The daemon starts with it. `server`, `access_log` and `encryption` outlive it. `tls` null:
  /// there is no certificate.
  DaemonMetrics(const net::Server& server, const AccessLogWriter& access_log,
                std::shared_ptr<const net::TlsContext> tls, const AccountEncryption& encryption)
      : server_(server), access_log_(access_log), tls_(std::move(tls)), encryption_(encryption) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const net::Server& server_;
  const AccessLogWriter& access_log_;
  const std::shared_ptr<const net::TlsContext> tls_;
  const AccountEncryption& encryption_;
  const std::chrono::system_clock::time_point started_ = std::chrono::system_clock::now();
};

}  // namespace blobgate::server
