// The two kinds of stream a connection runs on, behind one shape, so that another TLS transport can
// take the place of asio::ssl::stream.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <concepts>
#include <memory>
#include <utility>

#include "base/task.h"

namespace blobgate::net {

using boost::system::error_code;
using WritePieces = std::array<boost::asio::const_buffer, 2>;

/// kSecure: TLS. kGathers: one async_write_some sends several buffers together.
/// Handshake comes first. ShutdownSend tells the peer that no more bytes follow; it may wait for
/// the peer, so the caller sets a deadline. socket() is the TCP socket below.
template <class S>
concept Stream = std::movable<S> && requires(S s, boost::asio::mutable_buffer b, WritePieces w) {
  { S::kSecure } -> std::convertible_to<bool>;
  { S::kGathers } -> std::convertible_to<bool>;
  { s.socket() } -> std::same_as<boost::asio::ip::tcp::socket&>;
  { s.Handshake() } -> std::same_as<Task<error_code>>;
  { s.ShutdownSend() } -> std::same_as<Task<void>>;
  s.async_read_some(b, boost::asio::use_awaitable);
  s.async_write_some(w, boost::asio::use_awaitable);
};

class PlainStream {
 public:
  static constexpr bool kSecure = false;
  static constexpr bool kGathers = true;

  explicit PlainStream(boost::asio::ip::tcp::socket socket) : socket_(std::move(socket)) {}

  boost::asio::ip::tcp::socket& socket() { return socket_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return socket_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return socket_.async_write_some(buffers, std::forward<Token>(token));
  }

  Task<error_code> Handshake() { co_return error_code(); }
  Task<void> ShutdownSend() {
    error_code ignored;  // the peer may be gone, which is as good
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    co_return;
  }

 private:
  boost::asio::ip::tcp::socket socket_;
};

class TlsStream {
 public:
  static constexpr bool kSecure = true;
  static constexpr bool kGathers = false;

  TlsStream(boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {}

  boost::asio::ip::tcp::socket& socket() { return stream_.next_layer(); }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return stream_.async_read_some(buffers, std::forward<Token>(token));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return stream_.async_write_some(buffers, std::forward<Token>(token));
  }

  Task<error_code> Handshake() {
    error_code ec;
    co_await stream_.async_handshake(boost::asio::ssl::stream_base::server,
                                     boost::asio::redirect_error(boost::asio::use_awaitable, ec));
    co_return ec;
  }
  Task<void> ShutdownSend() {
    error_code ignored;  // close_notify was sent if it could be; the peer need not answer it
    co_await stream_.async_shutdown(
        boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    socket().shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
  }

 private:
  std::shared_ptr<boost::asio::ssl::context> context_;  // outlives stream_
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
};

static_assert(Stream<PlainStream> && Stream<TlsStream>);

}  // namespace blobgate::net
