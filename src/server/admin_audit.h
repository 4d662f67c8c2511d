// Who asked the daemon for what over its admin socket, as lines of the log.
#pragma once

#include <sys/types.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

namespace spdlog {
class logger;
}

namespace blobgate::server {

/// Of a process at the other end of a Unix socket, as it was when it connected.
struct AdminPeer {
  pid_t pid = 0;  ///< 0: unknown
  uid_t uid = static_cast<uid_t>(-1);

  /// By SO_PEERCRED.
  static AdminPeer Of(int socket);
};

/// Writes with the logger "audit", whatever the log's level is. Any thread.
class AdminAudit {
 public:
  /// After the log was set up.
  AdminAudit();

  /// One line: `uid=0 pid=4711 command="snapshot" arguments={"target":"/backup"} result=ok`, or
  /// `result=kInvalidArgument message="..."`. Of a request that is none (null, or without a
  /// command) the command is `-`. Arguments whose name tells of a secret (key, secret, password,
  /// token, sig) are replaced; what is longer than 1 KiB or deeper than four levels is cut.
  void Write(const AdminPeer& peer, const nlohmann::json& request, const nlohmann::json& answer);

 private:
  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace blobgate::server
