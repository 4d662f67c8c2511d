// A connection over a socket pair, and a fake handler: everything runs on the test's own thread,
// so what the connection does with the bytes it has is known before the next ones are sent.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "net/connection.h"

namespace blobgate::net {

/// Calls a function of the test, which lives here with what it captures for as long as the
/// coroutines it makes. Rejections are answered with their reason as text.
class FakeHandler final : public RequestHandler {
 public:
  using Function = std::function<Task<http::Response>(const http::RequestHead&, http::BodyReader&)>;

  explicit FakeHandler(Function handle) : handle_(std::move(handle)) {}

  Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader& body) override {
    return handle_(head, body);
  }
  http::Response Reject(unsigned status, std::string_view why) override {
    http::Response response;
    response.status = status;
    response.text = why;
    return response;
  }

 private:
  Function handle_;
};

inline http::Response Text(unsigned status, std::string text) {
  http::Response response;
  response.status = status;
  response.text = std::move(text);
  return response;
}

/// Reads the whole body in pieces of `step`.
inline Task<Result<std::string>> ReadAll(http::BodyReader& body, std::size_t step = 4096) {
  std::string all;
  std::string piece(step, '\0');
  while (true) {
    BG_CO_TRY(const std::size_t got,
              co_await body.Read(std::as_writable_bytes(std::span(piece.data(), step))));
    if (got == 0) co_return all;
    all.append(piece, 0, got);
  }
}

/// "METHOD target|body", or the name of the error that the body ended with, as 400.
inline Task<http::Response> Echo(const http::RequestHead& head, http::BodyReader& body) {
  const std::string line = std::string(head.method) + " " + std::string(head.target) + "|";
  auto all = co_await ReadAll(body);
  if (!all) co_return Text(400, std::string(ErrcName(all.error().code)));
  co_return Text(200, line + *all);
}

/// Gives its pieces, then an end or an error.
class PieceSource final : public http::BodySource {
 public:
  explicit PieceSource(std::vector<std::string> pieces, bool fails = false)
      : pieces_(std::move(pieces)), fails_(fails) {}

  Task<Result<SharedBytes>> Next() override {
    if (next_ < pieces_.size()) {
      const auto piece = std::make_shared<std::string>(pieces_[next_++]);
      co_return SharedBytes(piece, AsBytes(*piece));
    }
    if (fails_) co_return Fail(Errc::kIoError);
    co_return SharedBytes();
  }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
  bool fails_;
};

/// What a test with timeouts sets: long enough for slow machines, and only one of them short.
inline Limits Patient() {
  Limits limits;
  limits.head_timeout = limits.idle_timeout = limits.body_timeout = limits.linger_timeout =
      std::chrono::minutes(10);
  return limits;
}

class ConnectionHarness {
 public:
  explicit ConnectionHarness(FakeHandler::Function handle, Limits limits = Patient())
      : limits_(limits),
        handler_(std::move(handle)),
        sweep_(context_.get_executor(), DeadlineSweep::IntervalFor(limits_)),
        turns_(context_.get_executor()),
        handshakes_(context_.get_executor()) {
    int fds[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) != 0) std::abort();
    client_ = fds[0];
    boost::asio::ip::tcp::socket socket(context_);
    socket.assign(boost::asio::ip::tcp::v4(), fds[1]);
    const ConnectionContext connection{
        handler_, std::make_shared<const Limits>(limits_), sweep_, turns_, handshakes_, set_};
    boost::asio::co_spawn(context_,
                          ServeConnection(PlainStream(std::move(socket)),
                                          PeerInfo{"192.0.2.1", 10000, 50000}, connection),
                          [this](std::exception_ptr failure) {
                            EXPECT_FALSE(failure);
                            ended_ = true;
                          });
    boost::asio::co_spawn(context_, sweep_.Run(), boost::asio::detached);
    Pump();
  }
  ~ConnectionHarness() {
    if (client_ >= 0) ::close(client_);
  }

  /// Hands over all of `bytes`; returns when the connection has done what it can with them.
  void Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto count = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count < 0 && errno != EAGAIN) return;  // the connection has closed: the test will see
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
      Pump();
    }
  }
  void EndSend() {
    ::shutdown(client_, SHUT_WR);
    Pump();
  }
  void CloseClient() {
    ::close(std::exchange(client_, -1));
    Pump();
  }

  /// All that was received, since the last call.
  std::string Receive() {
    Pump();
    return std::exchange(received_, {});
  }
  /// All that is received until the connection closes, however long its deadlines take.
  std::string ReceiveToEnd() {
    while (!closed_ && context_.run_one() > 0) Drain();
    return std::exchange(received_, {});
  }
  /// The connection has closed its side (or said that it sends no more).
  bool closed() const { return closed_; }
  /// Its coroutine has ended.
  bool ended() const { return ended_; }
  void RunUntilEnded() {
    while (!ended_ && context_.run_one() > 0) Drain();
  }

  /// Hands over `bytes` as a client that then reads nothing, until the connection has ended.
  void SendAndReadNothing(std::string_view bytes) {
    EXPECT_EQ(::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    while (!ended_ && context_.run_one() > 0) continue;
  }

  ConnectionSet& set() { return set_; }

  /// Runs whatever can run.
  void Pump() {
    do {
      context_.restart();
      Drain();
    } while (context_.poll() > 0);
    Drain();
  }

 private:
  void Drain() {
    char piece[65536];
    while (client_ >= 0 && !closed_) {
      const auto count = ::recv(client_, piece, sizeof piece, 0);
      if (count < 0 && errno == EAGAIN) return;
      if (count <= 0) {
        closed_ = true;
      } else {
        received_.append(piece, static_cast<std::size_t>(count));
      }
    }
  }

  const Limits limits_;
  FakeHandler handler_;
  int client_ = -1;
  std::string received_;
  bool closed_ = false;
  bool ended_ = false;
  ConnectionSet set_;
  boost::asio::io_context context_;  // its tasks go before the set
  DeadlineSweep sweep_;
  Turns turns_;
  HandshakeGate handshakes_;
};

}  // namespace blobgate::net
