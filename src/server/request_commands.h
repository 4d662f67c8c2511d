// What the operator may ask of the requests that the daemon serves.
#pragma once

#include <nlohmann/json.hpp>

#include "gateway/accounts.h"
#include "gateway/request_counters.h"
#include "server/admin_server.h"

namespace blobgate::server {

/// What was counted since the start. Any thread.
///
///   {"in_flight": 3, "bounds_ns": [100000, ...],
///    "operations": [{"name": "Get Blob", "requests": 7, "errors": 1, "failed": 0, "cut": 0,
///                    "received_bytes": 0, "sent_bytes": 7000, "server_ns": 900000,
///                    "buckets": [7, 0, ...]}, ...],
///    "accounts": [{"name": "shop", "requests": 7, "errors": 1, "failed": 0,
///                  "received_bytes": 0, "sent_bytes": 7000}, ...]}
///
/// and, of the `oldest` requests that run,
///
///    "live": [{"id": "7f0c...", "age_ns": 42000000000, "operation": "Put Blob", "account": "shop",
///              "peer": "192.0.2.7", "method": "PUT", "target": "/shop/a/b", "answering": false},
///              ...]
///
/// Operations that nobody asked for are left out. `errors` were answered 4xx, `failed` 5xx;
/// `server_ns` is the sum over the requests, and `buckets` how they are spread over `bounds_ns`, of
/// the time that they took without the waits for the client's bytes.
nlohmann::json AsJson(const gateway::RequestCounters& counters, const gateway::Accounts& accounts,
                      std::size_t oldest = 0);

/// Adds the command `requests`, which answers that, with `oldest` (0) of its arguments:
/// kInvalidArgument above 10,000. Both outlive `admin`.
void AddRequestCommands(AdminServer& admin, const gateway::RequestCounters& counters,
                        const gateway::Accounts& accounts);

}  // namespace blobgate::server
