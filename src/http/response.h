// A response, before it is rendered.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/body.h"
#include "http/header_list.h"

namespace blobgate::http {

/// How sending ended, for logs and metrics.
struct SendReport {
  bool complete = false;               ///< the client's kernel was handed every byte
  std::uint64_t body_bytes = 0;        ///< sent
  std::uint64_t request_bytes = 0;     ///< body bytes received
  std::uint64_t head_bytes = 0;        ///< of the answer, sent or not
  std::string failure;                 ///< why the body could not be had; empty: it could
  std::chrono::nanoseconds waited{0};  ///< for the client to send its body or to take the answer
};

/// What a handler answers. A status of 0 (forgotten) is sent as 500.
struct Response {
  unsigned status = 0;
  std::string reason;  ///< empty: the standard phrase. CR and LF are never sent.
  HeaderList headers;

  std::string text;                    ///< the body when `stream` is null
  std::unique_ptr<BodySource> stream;  ///< otherwise: exactly `content_length` bytes, or all of it
  /// With `stream`: the length is not known ahead. The body is sent in chunks, or to the end of the
  /// connection for HTTP/1.0.
  bool length_unknown = false;
  /// Content-Length when `stream` is set, or for HEAD (where no body is sent). Otherwise the size
  /// of `text` counts.
  std::uint64_t content_length = 0;

  bool close = false;  ///< end the connection after this response
  /// Called once after the response was sent or failed to be. May be null. Must not throw.
  std::move_only_function<void(const SendReport&)> on_sent;

  void Set(FieldName name, std::string_view value) { headers.Add(name, value); }
};

/// "OK" for 200 and so on (RFC 9110 section 15).
std::string_view StandardReason(unsigned status);

}  // namespace blobgate::http
