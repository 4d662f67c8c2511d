// A stream with its read buffer and its deadline: all the I/O of one connection.
#pragma once

#include <algorithm>
#include <boost/asio/error.hpp>
#include <chrono>
#include <span>
#include <utility>

#include "base/result.h"
#include "net/deadline.h"
#include "net/read_buffer.h"
#include "net/stream.h"
#include "net/turns.h"

namespace blobgate::net {

/// One io thread, one operation at a time. Reads need a deadline that the caller arms; writes arm
/// their own. Errors: kTimeout (the deadline), kCancelled (Interrupt), kDisconnected (all else,
/// the peer's orderly end included).
template <Stream S>
class Channel final : private Deadline {
 public:
  Channel(S stream, DeadlineSweep& sweep, Turns& turns, std::size_t buffer_limit)
      : Deadline(sweep), stream_(std::move(stream)), turns_(turns), buffer_(buffer_limit) {}

  using Deadline::Arm;
  using Deadline::Disarm;

  ReadBuffer& buffer() { return buffer_; }

  Task<Status> Handshake() {
    const error_code ec = co_await stream_.Handshake();
    if (ec) co_return std::unexpected(FailureOf(ec));
    co_return Status();
  }

  /// What has come, straight into `into`, past the buffer; 0 bytes: nothing yet, see AwaitInput.
  /// REQUIRES: nothing is unread.
  Result<std::size_t> ReadNow(MutableBytes into) {
    const IoResult got = stream_.ReadNow(into);
    if (got.ec) return std::unexpected(FailureOf(got.ec));
    return got.bytes;
  }

  /// The same into the buffer, which has no memory when it is empty afterwards. REQUIRES: it is not
  /// full.
  Result<std::size_t> FillNow() {
    BG_TRY(const std::size_t got, ReadNow(buffer_.Prepare()));
    buffer_.Commit(got);
    if (got == 0) buffer_.Relax();
    return got;
  }

  /// After ReadNow found nothing: returns when it may find something, or when the stream has ended.
  /// Many clients wait here, so whoever waits should be few frames deep.
  Task<Status> AwaitInput() {
    error_code ec;
    co_await stream_.WaitForInput(ec);
    if (ec) co_return std::unexpected(FailureOf(ec));
    co_return Status();
  }

  /// The same with a deadline of its own; adds to `waited`.
  Task<Status> AwaitInput(std::chrono::milliseconds timeout, std::chrono::nanoseconds& waited) {
    error_code ec;
    const auto began = std::chrono::steady_clock::now();
    Arm(timeout);
    co_await stream_.WaitForInput(ec);
    Disarm();
    waited += std::chrono::steady_clock::now() - began;
    if (ec) co_return std::unexpected(FailureOf(ec));
    co_return Status();
  }

  /// Before each ReadNow of a long transfer: in turn with the others of the thread. What is read
  /// then is to be used at once.
  Task<void> NextReadTurn() { return turns_.Next(); }

  /// All of `pieces`, in as few system calls as the stream allows; `timeout` is how long the peer
  /// may take nothing. Adds what was taken by the kernel to `sent`, also on failure. Uses up
  /// `pieces`.
  Task<Status> Write(std::span<Bytes> pieces, std::chrono::milliseconds timeout,
                     std::uint64_t& sent) {
    if (stream_.had_turn()) co_await NextTurn();
    for (;;) {
      while (!pieces.empty() && pieces.front().empty()) pieces = pieces.subspan(1);
      if (pieces.empty() && stream_.held() == 0) co_return Status();
      BG_CO_TRY(const std::size_t taken, WriteNow(pieces, sent));
      const bool full = stream_.held() > 0 || (taken == 0 && !pieces.empty());
      if (full) BG_CO_CHECK(co_await WaitForRoom(timeout));
    }
  }

  /// All of `pieces` at once, as Write without a wait. False: what is left in them is for Write.
  Result<bool> TryWrite(std::span<Bytes> pieces, std::uint64_t& sent) {
    const auto done = [&] {
      return stream_.held() == 0 && std::ranges::all_of(pieces, &Bytes::empty);
    };
    if (done()) return true;
    if (stream_.had_turn()) return false;
    BG_CHECK(WriteNow(pieces, sent));
    return done();
  }

  /// Takes what the stream takes of `pieces` at once, so many bytes; the rest stays in them. Adds
  /// to `sent` as Write does: the last bytes taken may still wait in the stream, for Write.
  Result<std::size_t> WriteNow(std::span<Bytes> pieces, std::uint64_t& sent) {
    const std::size_t held = stream_.held();
    const IoResult step = stream_.WriteNow(pieces);
    if (step.ec) return std::unexpected(FailureOf(step.ec));
    sent += held + step.bytes - stream_.held();
    Advance(pieces, step.bytes);
    return step.bytes;
  }

  /// The same with `head` and then `pieces`, of which the first are lent rather than copied;
  /// `views` is what they are, and is as the pieces of WriteNow afterwards.
  Status LendNow(Bytes& head, std::span<const SharedBytes> pieces, std::span<Bytes> views,
                 std::uint64_t& sent)
    requires S::kLends
  {
    IoResult step;
    if (!head.empty()) step = stream_.WriteNow({&head, 1}, /*more=*/true);
    head = head.subspan(step.bytes);
    sent += step.bytes;
    if (!step.ec && head.empty()) {
      step = stream_.LendNow(pieces);
      Advance(views, step.bytes);
      sent += step.bytes;
    }
    if (step.ec) return std::unexpected(FailureOf(step.ec));
    return {};
  }

  /// How many bytes can be sent without a wait, once there is room; at least one. `timeout` is how
  /// long the client may take nothing.
  Task<Result<std::size_t>> AwaitRoom(std::chrono::milliseconds timeout) {
    if (stream_.had_turn()) co_await NextTurn();
    const std::size_t room = stream_.Room();
    if (room > 0) co_return room;
    BG_CO_CHECK(co_await WaitForRoom(timeout));
    co_await NextTurn();
    co_return std::max<std::size_t>(1, stream_.Room());
  }

  /// Ends what waits on the stream now; nothing else.
  void Interrupt() {
    error_code ignored;  // fails only on a closed socket, where nothing waits
    stream_.socket().cancel(ignored);
  }

  /// Closes at once. What waits, and whatever is tried later, fails.
  void Cut() {
    error_code ignored;  // the descriptor is gone either way
    stream_.socket().close(ignored);
  }

  /// Says that no more is sent. With `discard_bytes`, then reads and drops as much until the peer
  /// ends too: closing with bytes unread would reset the connection and could take away the answer
  /// before the peer has read it.
  Task<void> Close(std::uint64_t discard_bytes, std::chrono::milliseconds timeout) {
    Arm(discard_bytes > 0 ? timeout : std::min(timeout, kGoodbye));
    co_await stream_.ShutdownSend();
    if (discard_bytes > 0 && !fired()) co_await stream_.Drop(discard_bytes);
    Disarm();
    Cut();
  }

 private:
  // For the peer's part of an end of TLS that nothing depends on.
  static constexpr std::chrono::milliseconds kGoodbye{1000};

  void OnDeadline() override { Interrupt(); }

  Task<void> NextTurn() {
    stream_.EndTurn();
    return turns_.Next();
  }

  Task<Status> WaitForRoom(std::chrono::milliseconds timeout) {
    for (;;) {
      const std::size_t queued = stream_.Queued();
      Arm(timeout);
      const error_code ec = co_await stream_.WaitForRoom();
      if (!ec) break;
      if (!IsSlow(queued)) co_return std::unexpected(FailureOf(ec));
    }
    Disarm();
    co_return Status();
  }

  /// The deadline has passed, but the peer took some of the `queued` bytes meanwhile. The kernel
  /// tells of room only when a good part of its buffer is free, which may take a slow peer longer.
  bool IsSlow(std::size_t queued) { return fired() && stream_.Queued() < queued; }

  static void Advance(std::span<Bytes> pieces, std::size_t count) {
    for (Bytes& piece : pieces) {
      const std::size_t part = std::min(count, piece.size());
      piece = piece.subspan(part);
      count -= part;
      if (count == 0) break;
    }
  }

  Error FailureOf(const error_code& ec) const {
    if (ec != boost::asio::error::operation_aborted) {
      return {Errc::kDisconnected, ec.message()};
    }
    return {fired() ? Errc::kTimeout : Errc::kCancelled, {}};
  }

  S stream_;
  Turns& turns_;
  ReadBuffer buffer_;
};

}  // namespace blobgate::net
