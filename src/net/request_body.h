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

  Task<Result<std::size_t>> Read(MutableBytes into) override {
    if (failure_) co_return std::unexpected(*failure_);
    if (complete()) co_return std::size_t{0};
    if (continue_pending_) {
      if (Status sent = co_await SendContinue(); !sent) co_return Latch(sent.error());
    }
    if (chunked_) {
      if (Status found = co_await FindData(); !found) co_return Latch(found.error());
      if (decoder_.state() == ChunkDecoder::State::kDone) co_return std::size_t{0};
    }
    const std::uint64_t available = chunked_ ? decoder_.data_left() : left_;
    auto got = co_await Take(into.first(std::min<std::uint64_t>(into.size(), available)));
    if (!got) co_return Latch(got.error());
    received_ += *got;
    if (!chunked_) {
      left_ -= *got;
    } else {
      decoder_.TakeData(*got);
      if (received_ > limits_.body_bytes) co_return Latch({Errc::kTooLarge, "chunked body"});
    }
    co_return *got;
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
  using Clock = std::chrono::steady_clock;
  /// Pieces of so many bytes are of long bodies, whose bytes come fast.
  static constexpr std::size_t kLong = 64 * 1024;

  std::unexpected<Error> Latch(Error error) {
    failure_ = std::move(error);
    return std::unexpected(*failure_);
  }

  Task<Status> SendContinue() {
    continue_pending_ = false;
    if (!channel_.buffer().Unread().empty()) co_return Status();  // it did not wait
    std::uint64_t sent = 0;
    std::array<Bytes, 1> interim{AsBytes("HTTP/1.1 100 Continue\r\n\r\n")};
    co_return co_await channel_.Write(interim, limits_.body_timeout, sent);
  }

  // Reads framing until data or the end of the body is next.
  Task<Status> FindData() {
    using State = ChunkDecoder::State;
    while (decoder_.state() == State::kFraming) {
      ReadBuffer& buffer = channel_.buffer();
      if (buffer.Unread().empty()) {
        channel_.Arm(limits_.body_timeout);
        const auto began = Clock::now();
        Status filled = co_await channel_.Fill();
        waited_ += Clock::now() - began;
        channel_.Disarm();
        if (!filled) co_return filled;
      }
      buffer.Consume(decoder_.Feed(buffer.Unread()));
    }
    if (decoder_.state() == State::kBad) {
      co_return Fail(Errc::kInvalidArgument, "malformed chunked body");
    }
    co_return Status();
  }

  // What is buffered first; otherwise from the socket straight to the caller.
  Task<Result<std::size_t>> Take(MutableBytes into) {
    ReadBuffer& buffer = channel_.buffer();
    if (const std::string_view unread = buffer.Unread(); !unread.empty()) {
      const std::size_t count = std::min(unread.size(), into.size());
      std::memcpy(into.data(), unread.data(), count);
      buffer.Consume(count);
      co_return count;
    }
    channel_.Arm(limits_.body_timeout);
    const auto began = Clock::now();
    auto got =
        into.size() < kLong ? co_await channel_.ReadSome(into) : co_await channel_.ReadInTurn(into);
    waited_ += Clock::now() - began;
    channel_.Disarm();
    co_return got;
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
