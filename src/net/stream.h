// The two kinds of stream a connection runs on, behind one shape.
//
// Both try the system call first and wait only when the kernel says so: what can be sent at once
// costs one call, however many pieces it is in.
#pragma once

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/buffer.h"
#include "base/task.h"
#include "net/io_result.h"
#include "net/tls_session.h"

namespace blobgate::net {

/// Memory of this io thread for bytes that nobody looks at: all its connections put theirs here,
/// also while they wait, so that dropping what a slow peer sends takes no memory of its own.
MutableBytes Scratch();

/// kSecure: TLS, with a Handshake that comes first. WriteNow takes the pieces in order and says how
/// many bytes of them it took, without a wait; that may be none. The kernel has those, but for the
/// last held() of them, which wait as TLS records: nothing more is taken until a further call, of
/// no pieces even, could send these. kLends: LendNow does the same without a copy, as far as pieces
/// have lenders, or does nothing; what follows a WriteNow with `more` goes with it. ReadNow moves
/// no byte when there is none yet: WaitForInput. ShutdownSend tells the peer that no more bytes
/// follow, and may wait for its end, so the caller sets a deadline. Drop receives what arrives
/// below TLS and looks at none of it, until the peer ends or has sent so many bytes. Room says how
/// many bytes the kernel takes without a wait, carefully; zero: WaitForRoom first. Queued says how
/// many bytes of what the kernel took the peer has not acknowledged yet. A stream had_turn when it
/// has sent much without a wait since EndTurn. socket() is the TCP socket below. Whatever waits
/// ends when the socket's operations are cancelled, or when it is closed, and then fails.
template <class S>
concept Stream = std::movable<S> &&
                 requires(S s, MutableBytes into, std::span<const Bytes> pieces, error_code& ec) {
                   { S::kSecure } -> std::convertible_to<bool>;
                   { S::kLends } -> std::convertible_to<bool>;
                   { s.socket() } -> std::same_as<boost::asio::ip::tcp::socket&>;
                   { s.ReadNow(into) } -> std::same_as<IoResult>;
                   { s.WaitForInput(ec) } -> std::same_as<Task<void>>;
                   { s.ShutdownSend() } -> std::same_as<Task<void>>;
                   { s.Drop(std::uint64_t{}) } -> std::same_as<Task<void>>;
                   { s.WriteNow(pieces) } -> std::same_as<IoResult>;
                   { s.Room() } -> std::same_as<std::size_t>;
                   { s.Queued() } -> std::same_as<std::size_t>;
                   { s.WaitForRoom() } -> std::same_as<Task<error_code>>;
                   { s.held() } -> std::same_as<std::size_t>;
                   { s.had_turn() } -> std::same_as<bool>;
                   { s.EndTurn() } -> std::same_as<void>;
                 };

/// A socket whose sends are tried at once. Belongs to one io thread.
///
/// The kernel would take far more than a slow client does, for each of them. Until a client has
/// shown that it is fast, and after a long wait for it again, the kernel's part is kept short
/// (TCP_NOTSENT_LOWAT).
class PlainStream {
 public:
  static constexpr bool kSecure = false;
  static constexpr bool kLends = true;
  /// So many pieces go into one system call.
  static constexpr std::size_t kMaxPieces = 8;
  /// After so many bytes that the kernel took without a wait it is the turn of other connections.
  static constexpr std::size_t kTurn = 1024 * 1024;

  /// Who takes so many bytes within so long is fast.
  static constexpr std::size_t kProof = 256 * 1024;
  static constexpr std::chrono::seconds kProofTime{2};
  /// Who takes nothing for so long is slow.
  static constexpr std::chrono::seconds kLongWait{1};
  /// Of a slow client's bytes: at most so many wait in the kernel to be sent, and there is room
  /// once half of them went.
  static constexpr std::size_t kSlowUnsent = 32 * 1024;

  explicit PlainStream(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {
    LimitUnsent(kSlowUnsent);
  }

  boost::asio::ip::tcp::socket& socket() { return socket_; }
  /// Without a wait: 0 bytes when there are none yet.
  IoResult ReadNow(MutableBytes into);
  /// One frame, as many clients wait there. `ec` outlives it.
  Task<void> WaitForInput(error_code& ec);
  Task<IoResult> WriteSome(std::span<const Bytes> pieces);
  Task<void> ShutdownSend();
  Task<void> Drop(std::uint64_t most);
  IoResult WriteNow(std::span<const Bytes> pieces, bool more = false);
  IoResult LendNow(std::span<const SharedBytes> pieces);
  std::size_t Room();
  /// Of the kernel's buffer for what is sent, bytes; its own structures take a part of it.
  std::size_t Free();
  std::size_t Queued();
  Task<error_code> WaitForRoom();
  bool fast() const { return fast_; }
  std::size_t held() const { return 0; }
  bool had_turn() const { return unbroken_ >= kTurn; }
  void EndTurn() { unbroken_ = 0; }

 private:
  using Instant = std::chrono::steady_clock::time_point;

  void LimitUnsent(std::size_t bytes);
  void NoteSent(std::size_t bytes);

  boost::asio::ip::tcp::socket socket_;
  std::size_t unbroken_ = 0;  ///< bytes sent in this turn
  bool fast_ = false;
  Instant proof_began_{};  ///< of the proof that the client is fast
  std::size_t proof_ = 0;  ///< bytes sent since
};

/// TLS over such a socket. Each record is sent when it is made, and none is made any more once the
/// kernel does not take one whole: records cannot be taken back, so that one waits in memory. Those
/// of a client that is not proven fast are only as long as the kernel takes, as far as that is
/// known.
class TlsStream {
 public:
  static constexpr bool kSecure = true;
  static constexpr bool kLends = false;
  /// What is encrypted for a slow client, bytes: in any case, and at once.
  static constexpr std::size_t kLeastBurst = 4 * 1024;
  static constexpr std::size_t kSlowBurst = PlainStream::kSlowUnsent / 2;

  /// `context` stays in use for this connection when the server's is replaced.
  TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : context_(std::move(context)),
        transport_(std::move(socket)),
        session_(std::make_unique<TlsSession>(context_->native_handle())) {}

  boost::asio::ip::tcp::socket& socket() { return transport_.socket(); }
  Task<error_code> Handshake();
  IoResult ReadNow(MutableBytes into);
  Task<void> WaitForInput(error_code& ec) { return transport_.WaitForInput(ec); }
  Task<void> ShutdownSend();
  Task<void> Drop(std::uint64_t most) { return transport_.Drop(most); }
  IoResult WriteNow(std::span<const Bytes> pieces);
  std::size_t Room();
  std::size_t Queued() { return transport_.Queued(); }
  Task<error_code> WaitForRoom() { return transport_.WaitForRoom(); }
  std::size_t held() const { return held_; }
  bool had_turn() const { return transport_.had_turn(); }
  void EndTurn() { transport_.EndTurn(); }

 private:
  Task<error_code> Receive();
  Task<error_code> Flush();
  error_code FlushNow();
  std::size_t SlowBurst();

  std::shared_ptr<boost::asio::ssl::context> context_;
  PlainStream transport_;
  std::unique_ptr<TlsSession> session_;
  std::size_t held_ = 0;  ///< bytes of pieces in records that are not all sent
};

static_assert(Stream<PlainStream> && Stream<TlsStream>);

}  // namespace blobgate::net
