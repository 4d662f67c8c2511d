// Responses as text: the status line and header fields, in one buffer.
#pragma once

#include <cstdint>
#include <string>

#include "http/response.h"

namespace blobgate::net {

/// What is sent behind the head (RFC 9110 sections 6.4.1 and 8.6).
struct BodyPlan {
  bool send = false;        ///< there are body bytes to send
  bool has_length = false;  ///< a Content-Length field is sent
  bool chunked = false;     ///< a Transfer-Encoding field is sent, and the body in chunks
  bool to_the_end = false;  ///< the end of the connection ends the body
  std::uint64_t length = 0;
};

/// `head_request`: the method was HEAD. `http_1_0`: of the client, who knows no chunks. A 1xx, 204
/// or 304 never has a body.
BodyPlan PlanBody(const http::Response& response, bool head_request, bool http_1_0 = false);

/// What goes before a chunk (RFC 9112 section 7.1): the end of the one before, unless it is the
/// `first`, and the size; size 0 ends the body.
std::string ChunkHead(std::uint64_t size, bool first);

/// What the Connection field says.
enum class ConnectionField { kNone, kClose, kKeepAlive };

/// Appends the head to `out`. The handler's own Content-Length, Transfer-Encoding and Connection
/// fields are left out: they are the connection's business. CR, LF and NUL are taken out of
/// values, and fields whose names are no tokens are left out. A status outside 100..599 becomes
/// 500.
void RenderHead(const http::Response& response, const BodyPlan& plan, ConnectionField connection,
                std::string& out);

}  // namespace blobgate::net
