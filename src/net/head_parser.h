// Request heads: where they end, and what they say. Strict wherever two readers of the same bytes
// could see two different requests (RFC 9112 section 11.2).
#pragma once

#include <cstddef>
#include <string_view>

#include "http/request_head.h"
#include "net/limits.h"

namespace blobgate::net {

/// Finds the end of a head in bytes that arrive in pieces, looking at each byte once.
class HeadScanner {
 public:
  enum class State { kIncomplete, kComplete, kMalformed };

  /// `text`: everything received since the last Reset, without leading empty lines. kMalformed as
  /// soon as it cannot become a head: a bare LF, a folded line, a first byte of no method.
  State Scan(std::string_view text);
  /// After kComplete: the size of the head, its empty line included.
  std::size_t length() const { return line_start_; }
  void Reset() { *this = {}; }

 private:
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
};

/// What the head says about the connection.
struct HeadTraits {
  bool keep_alive = false;       ///< the client wants another request on this connection
  bool expect_continue = false;  ///< it waits for `100 Continue` before it sends the body
  bool http_1_0 = false;
};

/// Why a head was refused; status 0: it was not.
struct HeadError {
  unsigned status = 0;  ///< 400, 413, 431, 501 or 505
  std::string_view why;
  explicit operator bool() const { return status != 0; }
};

/// Parses one whole head, as measured by HeadScanner. Fills `head` with views into `text`, except
/// `secure`, `peer` and `local_port`, which stay. After an error `head` is not to be used.
HeadError ParseHead(std::string_view text, const Limits& limits, http::RequestHead& head,
                    HeadTraits& traits);

}  // namespace blobgate::net
