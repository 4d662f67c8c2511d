// Listening sockets that the service manager opened and passes on (socket activation,
// sd_listen_fds(3)). It keeps them open while the daemon restarts, and clients wait in their queue.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace blobgate::server {

/// Owns the descriptors; those that were adopted (net::Server::Adopt) are duplicates.
class PassedSockets {
 public:
  struct Socket {
    std::string name;  ///< FileDescriptorName= of the socket unit, or the unit's own name
    int fd = -1;
  };

  PassedSockets() = default;
  /// Takes the descriptors over. kInvalidArgument: one is no IPv4 or IPv6 socket.
  static Result<PassedSockets> Of(std::vector<Socket> sockets);
  /// What this process was passed; empty outside of socket activation. Before other threads run:
  /// the environment is changed, so that child processes do not see it. Errors: as Of, kIoError.
  static Result<PassedSockets> FromServiceManager();
  ~PassedSockets();
  PassedSockets(PassedSockets&& other) noexcept;
  PassedSockets& operator=(PassedSockets&& other) noexcept;

  /// The descriptor for a listener: the one that its `socket` names, or else the one of its address
  /// and port; -1: none was passed, and the listener binds its own. Each is given out once.
  int Take(const config::ListenerConfig& listener);

  /// kInvalidArgument: a socket is left over, and its clients would wait for good.
  Status CheckAllTaken() const;

 private:
  struct Passed {
    std::string name;
    int fd = -1;
    std::string address;
    std::uint16_t port = 0;
    bool taken = false;
  };
  static Result<Passed> Look(Socket socket);

  std::vector<Passed> sockets_;
};

}  // namespace blobgate::server
