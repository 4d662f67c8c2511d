// What the network layer knows of everything above it.
#pragma once

#include "base/task.h"
#include "http/body.h"
#include "http/request_head.h"
#include "http/response.h"

namespace blobgate::net {

/// Outlives every connection. Called on the connection's io thread, one request of a connection at
/// a time; many connections and threads at once.
class RequestHandler {
 public:
  virtual ~RequestHandler() = default;

  /// Serves one request. `head` and `body` live until it has returned: what the response needs of
  /// them it owns. The body need not be read: the connection drains what is left, or closes. Must
  /// not throw; if it does, the connection logs it, answers 500 when it still can, and closes.
  virtual Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader& body) = 0;

  /// The answer to a head that could not be parsed (`status` 400, 408, 413, 431, 501 or 505), or to
  /// a connection too many (503; no head was read). Closes afterwards. Must not throw.
  virtual http::Response Reject(unsigned status, std::string_view why) = 0;
};

}  // namespace blobgate::net
