// The daemon: builds everything from the configuration and owns every lifetime.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace blobgate::server {

struct BoundListener {
  std::string address;
  std::uint16_t port = 0;  ///< as bound
  bool tls = false;
  bool monitor = false;  ///< of config.monitor_listeners
};

/// Start, then Stop once; both block and are called from the main thread.
class Daemon {
 public:
  /// Opens the store, recovers it, binds every listener and serves. On an error nothing is left
  /// running.
  static Result<std::unique_ptr<Daemon>> Start(const config::Config& config);
  ~Daemon();

  const std::vector<BoundListener>& listeners() const;

  /// Reads the certificate files again (SIGHUP); connections that are open keep theirs.
  Status ReloadCertificates();

  /// Stops accepting, lets running requests finish for at most limits.drain_timeout, cuts the rest,
  /// closes the store.
  void Stop();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace blobgate::server
