// The body of one request, read through the connection's channel.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "http/body.h"
#include "http/request_head.h"
#include "net/channel.h"
#include "net/chunk_decoder.h"
#include "net/limits.h"

namespace blobgate::net {

/// Lives as long as the exchange; the head stays pinned in the channel's buffer meanwhile. Takes
/// exactly the bytes of this body, so what follows stays for the next head.
template <Stream S>
class RequestBody final : public http::BodyReader {
 public:
  RequestBody(Channel<S>& channel, const http::RequestHead& head, bool expect_continue,
              const Limits& limits)
      : channel_(channel),
        limits_(limits),
        chunked_(head.chunked),
        continue_pending_(expect_continue),
        left_(head.content_length.value_or(0)) {}

  // Its frame waits for bytes, of many clients at once: all that needs no wait is elsewhere.
  Task<Result<std::size_t>> Read(MutableBytes into) override {
    if (continue_pending_ && Readable()) Latch(co_await SendContinue());
    if (!chunked_) into = into.first(std::min<std::uint64_t>(into.size(), left_));
    std::size_t got = 0;
    while (Readable()) {
      if (into.size() >= kLong) co_await channel_.NextReadTurn();
      got = ReadNow(into);
      if (got > 0 || !Readable()) break;
      Latch(co_await channel_.AwaitInput(limits_.body_timeout, waited_));
    }
    if (failure_) co_return std::unexpected(*failure_);
    co_return got;
  }

  /// The next byte received belongs to the next head.
  bool complete() const {
    return chunked_ ? decoder_.state() == ChunkDecoder::State::kDone : left_ == 0;
  }
  bool failed() const { return failure_.has_value(); }
  /// The client holds the body back, and need not ever send it.
  bool held_back() const { return continue_pending_ && channel_.buffer().Unread().empty(); }
  /// At least so much is still to come; 0 when it is not known.
  std::uint64_t known_left() const { return chunked_ ? 0 : left_; }
  std::uint64_t received() const { return received_; }
  /// So long for its bytes.
  std::chrono::nanoseconds waited() const { return waited_; }

 private:
  /// Pieces of so many bytes are of long bodies, whose bytes come fast.
  static constexpr std::size_t kLong = 64 * 1024;

  bool Readable() const { return !failure_ && !complete(); }

  /// False: it failed, and so does all that follows.
  bool Latch(Status status) {
    if (!status) failure_ = std::move(status).error();
    return !failure_;
  }

  Task<Status> SendContinue() {
    continue_pending_ = false;
    if (!channel_.buffer().Unread().empty()) co_return Status();  // it did not wait
    std::uint64_t sent = 0;
    std::array<Bytes, 1> interim{AsBytes("HTTP/1.1 100 Continue\r\n\r\n")};
    co_return co_await channel_.Write(interim, limits_.body_timeout, sent);
  }

  // What has come of the data: 0 bytes when more must come first, at the end, or after a failure.
  std::size_t ReadNow(MutableBytes into) {
    if (chunked_ && !FindData()) return 0;
    if (chunked_) into = into.first(std::min<std::uint64_t>(into.size(), decoder_.data_left()));
    std::size_t got = TakeBuffered(into);
    if (got == 0 && !ReadInto(got, channel_.ReadNow(into))) return 0;
    received_ += got;
    if (!chunked_) {
      left_ -= got;
      return got;
    }
    decoder_.TakeData(got);
    const bool too_long = received_ > limits_.body_bytes;
    return too_long && !Latch(Fail(Errc::kTooLarge, "chunked body")) ? 0 : got;
  }

  // Reads framing. True: data is next.
  bool FindData() {
    using State = ChunkDecoder::State;
    while (decoder_.state() == State::kFraming) {
      ReadBuffer& buffer = channel_.buffer();
      std::size_t got = 0;
      if (buffer.Unread().empty() && (!ReadInto(got, channel_.FillNow()) || got == 0)) return false;
      buffer.Consume(decoder_.Feed(buffer.Unread()));
    }
    if (decoder_.state() == State::kBad) {
      return Latch(Fail(Errc::kInvalidArgument, "malformed chunked body"));
    }
    return decoder_.state() == State::kData;
  }

  bool ReadInto(std::size_t& got, const Result<std::size_t>& read) {
    if (!read) return Latch(std::unexpected(read.error()));
    got = *read;
    return true;
  }

  // What came with the head, or with framing; the rest goes from the socket straight to the caller.
  std::size_t TakeBuffered(MutableBytes into) {
    ReadBuffer& buffer = channel_.buffer();
    const std::size_t count = std::min(buffer.Unread().size(), into.size());
    if (count > 0) std::memcpy(into.data(), buffer.Unread().data(), count);
    buffer.Consume(count);
    return count;
  }

  Channel<S>& channel_;
  const Limits& limits_;
  const bool chunked_;
  bool continue_pending_;
  std::uint64_t left_;  // of a body with Content-Length
  ChunkDecoder decoder_;
  std::uint64_t received_ = 0;
  std::chrono::nanoseconds waited_{0};
  std::optional<Error> failure_;
};

}  // namespace blobgate::net
