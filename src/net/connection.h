// One accepted connection: reads heads, calls the handler, sends responses, until it ends.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/task.h"
#include "net/connection_set.h"
#include "net/deadline.h"
#include "net/handshake_gate.h"
#include "net/limits.h"
#include "net/request_handler.h"
#include "net/stream.h"
#include "net/turns.h"

namespace blobgate::net {

/// What a connection uses; all of it outlives the connection, and belongs to its io thread except
/// the handler, which is shared.
struct ConnectionContext {
  RequestHandler& handler;
  std::shared_ptr<const Limits> limits;
  DeadlineSweep& sweep;
  Turns& turns;
  HandshakeGate& handshakes;
  ConnectionSet& connections;
};

struct PeerInfo {
  std::string address;  ///< textual, without port
  std::uint16_t local_port = 0;
  std::uint16_t port = 0;  ///< of the client
};

/// A connection. The call, once, is what it does; it lives until that has ended at least. Made,
/// run and destroyed on the thread of its context, which is that of the stream's executor.
using ConnectionJob = std::move_only_function<Task<void>()>;

/// Serves requests one after another (keep-alive, pipelining) until the client or a limit ends the
/// connection, or the set drains. Errors end the connection; none are reported.
ConnectionJob ServeConnection(PlainStream stream, PeerInfo peer, const ConnectionContext& context);
ConnectionJob ServeConnection(TlsStream stream, PeerInfo peer, const ConnectionContext& context);

/// Answers 503 (RequestHandler::Reject) with `Retry-After: 1`, without reading a request.
ConnectionJob RefuseConnection(PlainStream stream, PeerInfo peer, const ConnectionContext& context);
ConnectionJob RefuseConnection(TlsStream stream, PeerInfo peer, const ConnectionContext& context);

}  // namespace blobgate::net
