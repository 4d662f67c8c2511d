// The daemon: builds everything from the configuration and owns every lifetime.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/schema.h"
#include "server/passed_sockets.h"

namespace blobgate::server {

struct BoundListener {
  std::string address;
  std::uint16_t port = 0;  ///< as bound
  bool tls = false;
  enum class Purpose : std::uint8_t { kBlobs, kMonitor, kConsole } purpose = Purpose::kBlobs;
};

/// What the service manager gives and expects; nothing without one.
struct ServiceManagement {
  PassedSockets sockets;
  std::optional<std::chrono::microseconds> watchdog;  ///< WatchdogInterval()
};

/// Start, then Stop once; both block and are called from the main thread.
class Daemon {
 public:
  /// Opens the store, recovers it, binds every listener and serves. On an error nothing is left
  /// running.
  static Result<std::unique_ptr<Daemon>> Start(const config::Config& config,
                                               ServiceManagement management = {});
  ~Daemon();

  const std::vector<BoundListener>& listeners() const;

  /// Applies what a reload applies of `next` (config::Reloaded), and reads again the files that
  /// options name, certificates among them. Open connections keep certificate and limits. Answers
  /// where `next` differs from what was in force. An error changes nothing.
  Result<std::vector<config::Change>> Reload(const config::Config& next);

  /// Stops accepting, lets running requests finish for at most limits.drain_timeout, cuts the rest,
  /// closes the store. Clients that come after it began wait in the queues of passed sockets.
  void Stop();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace blobgate::server
