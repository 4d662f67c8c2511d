// The two kinds of stream a connection runs on, behind one shape.
//
// Both try the system call first and wait only when the kernel says so: what can be sent at once
// costs one call, however many pieces it is in.
#pragma once

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <concepts>
#include <cstddef>
#include <memory>
#include <span>

#include "base/buffer.h"
#include "base/task.h"
#include "net/tls_session.h"

namespace blobgate::net {

using boost::system::error_code;

/// What one step moved, and what went wrong. Without an error a read moved at least one byte.
struct IoResult {
  std::size_t bytes = 0;
  error_code ec{};
};

/// kSecure: TLS. Handshake comes first. WriteSome takes the pieces in order and says how many
/// bytes of them it is done with: those that the kernel has. That may be none (some of a TLS record
/// was sent); then it is called again with the same pieces. ShutdownSend tells the peer that no
/// more bytes follow, and may wait for its end, so the caller sets a deadline. WriteNow does what
/// WriteSome does without a wait, and may be done with nothing. Room says how many
/// bytes the kernel takes without a wait, carefully; zero: WaitForRoom first. Queued says how many
/// bytes of what it took the peer has not acknowledged yet. Once a stream had_turn, having sent
/// much without a wait, Yield lets others of its thread go on. socket() is the TCP socket below.
/// Whatever waits ends when the socket's operations are cancelled, or when it is closed, and then
/// fails.
template <class S>
concept Stream =
    std::movable<S> && requires(S s, MutableBytes into, std::span<const Bytes> pieces) {
      { S::kSecure } -> std::convertible_to<bool>;
      { s.socket() } -> std::same_as<boost::asio::ip::tcp::socket&>;
      { s.Handshake() } -> std::same_as<Task<error_code>>;
      { s.ReadSome(into) } -> std::same_as<Task<IoResult>>;
      { s.WriteSome(pieces) } -> std::same_as<Task<IoResult>>;
      { s.ShutdownSend() } -> std::same_as<Task<void>>;
      { s.WriteNow(pieces) } -> std::same_as<IoResult>;
      { s.Room() } -> std::same_as<std::size_t>;
      { s.Queued() } -> std::same_as<std::size_t>;
      { s.WaitForRoom() } -> std::same_as<Task<error_code>>;
      { s.holds() } -> std::same_as<bool>;
      { s.had_turn() } -> std::same_as<bool>;
      { s.Yield() } -> std::same_as<Task<void>>;
    };

/// A socket whose sends are tried at once. Belongs to one io thread.
class PlainStream {
 public:
  static constexpr bool kSecure = false;
  /// So many pieces go into one system call.
  static constexpr std::size_t kMaxPieces = 8;
  /// After so many bytes that the kernel took without a wait it is the turn of other connections.
  static constexpr std::size_t kTurn = 1024 * 1024;

  explicit PlainStream(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  boost::asio::ip::tcp::socket& socket() { return socket_; }
  Task<error_code> Handshake();
  Task<IoResult> ReadSome(MutableBytes into);
  Task<IoResult> WriteSome(std::span<const Bytes> pieces);
  Task<void> ShutdownSend();
  IoResult WriteNow(std::span<const Bytes> pieces);
  std::size_t Room();
  std::size_t Queued();
  Task<error_code> WaitForRoom();
  bool holds() const { return false; }
  bool had_turn() const { return unbroken_ >= kTurn; }
  Task<void> Yield();

 private:
  boost::asio::ip::tcp::socket socket_;
  std::size_t unbroken_ = 0;  ///< bytes sent since the thread could last do something else
};

/// TLS over such a socket. What is written is encrypted in bursts of many records, and a burst is
/// sent as one.
class TlsStream {
 public:
  static constexpr bool kSecure = true;

  /// `context` stays in use for this connection when the server's is replaced.
  TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : context_(std::move(context)),
        transport_(std::move(socket)),
        session_(std::make_unique<TlsSession>(context_->native_handle())) {}

  boost::asio::ip::tcp::socket& socket() { return transport_.socket(); }
  Task<error_code> Handshake();
  Task<IoResult> ReadSome(MutableBytes into);
  Task<IoResult> WriteSome(std::span<const Bytes> pieces);
  Task<void> ShutdownSend();
  IoResult WriteNow(std::span<const Bytes> pieces);
  std::size_t Room() { return std::min(transport_.Room(), TlsSession::kBurst); }
  std::size_t Queued() { return transport_.Queued(); }
  Task<error_code> WaitForRoom() { return transport_.WaitForRoom(); }
  /// Records of what WriteNow was given are not sent yet: it must be given the same again.
  bool holds() const { return !session_->output().empty(); }
  bool had_turn() const { return transport_.had_turn(); }
  Task<void> Yield() { return transport_.Yield(); }

 private:
  Task<error_code> Receive();
  Task<error_code> Flush();
  IoResult Sent(IoResult sent);

  std::shared_ptr<boost::asio::ssl::context> context_;
  PlainStream transport_;
  std::unique_ptr<TlsSession> session_;
  std::size_t burst_ = 0;  ///< bytes of pieces in the records that are not all sent
};

static_assert(Stream<PlainStream> && Stream<TlsStream>);

}  // namespace blobgate::net
