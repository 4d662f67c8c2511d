// The daemon's local socket for the commands of its operator: DATA_DIR/admin.sock.
//
// A connection carries requests one after the other, each one line of JSON, each answered by one:
//
//   {"command": "snapshot", "target": "/backup/monday"}
//   {"ok": true, "result": {"segments": 12, ...}}
//   {"ok": false, "error": {"code": "kInvalidArgument", "message": "..."}}
//
// Each is a line of the log, by the logger "audit" (admin_audit.h).
//
// The socket is open to the user that the daemon runs as (mode 0600), and whoever may open it may
// do everything.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <stop_token>
#include <string>

#include "base/result.h"

namespace blobgate::server {

/// A thread that talks and two that work, so that a quick command is answered while a long one
/// runs. Handle, then Start, then Stop once.
class AdminServer {
 public:
  /// May block, and should end soon once it is asked to stop. Gets the whole request. Runs on a
  /// thread of the server's; two may run at once.
  using Handler =
      std::function<Result<nlohmann::json>(const nlohmann::json& request, std::stop_token stop)>;

  AdminServer();
  ~AdminServer();

  /// Before Start.
  void Handle(std::string command, Handler handler);

  /// Listens at `path`; a socket that an earlier run left there is replaced. kInvalidArgument: the
  /// path is too long for a socket; kIoError.
  Status Start(const std::string& path);

  /// Asks running commands to stop, waits for them, closes connections and removes the socket.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace blobgate::server
