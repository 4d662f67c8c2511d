// Asks a running daemon (server/admin_server.h).
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace blobgate::server {

/// Where the daemon of this data directory listens.
std::string AdminSocketOf(const std::string& data_dir);

/// Sends one request and waits for its result, for as long as it takes. kNotFound: no daemon
/// listens there; kDisconnected: it went away; otherwise the daemon's own error, as kIoError with
/// its message.
Result<nlohmann::json> AskDaemon(const std::string& data_dir, const nlohmann::json& request);

}  // namespace blobgate::server
