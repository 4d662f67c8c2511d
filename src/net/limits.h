// What one listener's clients may use up.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace blobgate::net {

/// Memory of one connection is at most about 2 * head_bytes (the head,
/// and framing of a chunked body behind it) plus what the handler and the response hold.
struct Limits {
  std::size_t max_connections = 4096;  ///< all listeners together; past it the answer is 503
  std::size_t head_bytes = 64 * 1024;  ///< request line and header fields; past it 431
  std::size_t max_headers = 256;       ///< fields of one head; past it 431
  /// Content-Length past it is refused with 413; a chunked body is cut off there.
  std::uint64_t body_bytes = 8ull * 1024 * 1024 * 1024;
  /// An unread body up to this size is read and dropped so that the connection can be kept.
  std::uint64_t drain_bytes = 1024 * 1024;
  /// What is still read and dropped before a connection with an unread body is closed.
  std::uint64_t linger_bytes = 64ull * 1024 * 1024;

  std::chrono::milliseconds head_timeout{30'000};   ///< TLS handshake; first byte to end of head
  std::chrono::milliseconds idle_timeout{240'000};  ///< between two requests
  std::chrono::milliseconds body_timeout{60'000};   ///< one read or write that makes progress
  std::chrono::milliseconds linger_timeout{5'000};  ///< all of a lingering close
};

}  // namespace blobgate::net
