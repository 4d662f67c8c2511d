// Responses of HTTP/1.1, read from whatever pieces the socket gives, without keeping bodies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/buffer.h"

namespace blobgate::bench {

/// One response after another of one connection. Knows Content-Length and chunked bodies; a body
/// that only the end of the connection ends is refused, as is a 1xx answer.
class ResponseReader {
 public:
  enum class State { kHead, kBody, kDone, kBad };

  /// Expects a response from here on. `to_head`: it has no body, whatever its length.
  void Begin(bool to_head);

  /// Takes bytes; gives those of the body to `on_body(Bytes)`. Bytes after the end are kBad.
  template <class OnBody>
  State Feed(Bytes data, OnBody&& on_body) {
    if (state_ == State::kHead && !TakeHead(data)) return state_;
    while (!data.empty() && state_ == State::kBody) {
      const Bytes piece = chunked_ ? NextOfChunks(data) : Next(data);
      if (!piece.empty()) on_body(piece);
    }
    if (!data.empty()) state_ = State::kBad;
    return state_;
  }

  /// Bytes of the body that may be dropped unread, 0 when that is not known.
  std::uint64_t Droppable() const { return chunked_ || state_ != State::kBody ? 0 : left_; }
  /// They were.
  State Drop(std::uint64_t bytes);

  State state() const { return state_; }
  bool began() const { return began_; }  ///< some byte of it was seen
  int status() const { return status_; }
  bool keep_alive() const { return keep_alive_; }
  /// Of the Content-Length, also for HEAD; 0 when there was none.
  std::uint64_t content_length() const { return length_; }

 private:
  bool TakeHead(Bytes& data);
  bool ParseHead(std::string_view head);
  void ParseField(std::string_view line);
  Bytes Next(Bytes& data);
  Bytes NextOfChunks(Bytes& data);
  void ChunkLine();

  State state_ = State::kDone;
  bool to_head_ = false;
  bool began_ = false;
  bool keep_alive_ = true;
  bool chunked_ = false;
  bool has_length_ = false;
  bool in_chunk_ = false;    // chunked: left_ counts data; otherwise a line is being read
  bool in_trailer_ = false;  // chunked: after the last chunk
  int status_ = 0;
  std::uint64_t length_ = 0;
  std::uint64_t left_ = 0;
  std::string kept_;  // of a head or a chunk's line that came in pieces
};

}  // namespace blobgate::bench
