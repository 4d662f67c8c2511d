#include "net/listener.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <chrono>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/log.h"

namespace blobgate::net {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kPause{100};

using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

int GetOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool IsPause(const error_code& ec) {
  return ec != asio::error::connection_aborted && ec != asio::error::interrupted;
}

Error Unusable(const std::string& address, std::uint16_t port, const error_code& ec) {
  return {Errc::kIoError, address + " port " + std::to_string(port) + ": " + ec.message()};
}

/// `shared`: with other sockets of the same user that are bound so.
Result<tcp::acceptor> Bind(asio::any_io_executor executor, const std::string& address,
                           std::uint16_t port, bool shared) {
  error_code ec;
  const auto ip = asio::ip::make_address(address, ec);
  if (ec) return Fail(Errc::kInvalidArgument, address + " is no IP address");
  const tcp::endpoint endpoint(ip, port);
  tcp::acceptor acceptor(std::move(executor));
  acceptor.open(endpoint.protocol(), ec);
  if (!ec) acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && shared) acceptor.set_option(ReusePort(true), ec);
  if (!ec && ip.is_v6()) acceptor.set_option(asio::ip::v6_only(true), ec);
  if (!ec && ip.is_loopback()) UseLocalCongestionControl(acceptor.native_handle());
  if (!ec) acceptor.bind(endpoint, ec);
  if (ec) return std::unexpected(Unusable(address, port, ec));
  return acceptor;
}

}  // namespace

void UseLocalCongestionControl(int fd) {
  constexpr std::string_view kReno = "reno";
  ::setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kReno.data(), kReno.size());
}

Result<std::uint16_t> ClaimPort(asio::any_io_executor executor, const std::string& address,
                                std::uint16_t port) {
  BG_TRY(const tcp::acceptor alone, Bind(std::move(executor), address, port, /*shared=*/false));
  error_code ec;
  const tcp::endpoint bound = alone.local_endpoint(ec);
  if (ec) return Fail(Errc::kIoError, ec.message());
  return bound.port();
}

Result<tcp::acceptor> OpenListener(asio::any_io_executor executor, const std::string& address,
                                   std::uint16_t port) {
  BG_TRY(tcp::acceptor acceptor, Bind(std::move(executor), address, port, /*shared=*/true));
  error_code ec;
  acceptor.listen(tcp::acceptor::max_listen_connections, ec);
  if (ec) return std::unexpected(Unusable(address, port, ec));
  return acceptor;
}

Result<tcp::acceptor> AdoptListener(asio::any_io_executor executor, int fd) {
  const int family = GetOption(fd, SO_DOMAIN);
  const bool tcp_listener = (family == AF_INET || family == AF_INET6) &&
                            GetOption(fd, SO_TYPE) == SOCK_STREAM &&
                            GetOption(fd, SO_ACCEPTCONN) == 1;
  if (!tcp_listener) return Fail(Errc::kInvalidArgument, "not a listening TCP socket");
  const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return Fail(Errc::kIoError, std::generic_category().message(errno));
  tcp::acceptor acceptor(std::move(executor));
  error_code ec;
  acceptor.assign(family == AF_INET ? tcp::v4() : tcp::v6(), copy, ec);
  if (ec) {
    ::close(copy);
    return Fail(Errc::kIoError, ec.message());
  }
  return acceptor;
}

Task<void> AcceptLoop(tcp::acceptor acceptor, std::move_only_function<void(tcp::socket)> sink) {
  co_await asio::this_coro::throw_if_cancelled(false);
  const auto state = co_await asio::this_coro::cancellation_state;
  asio::steady_timer pause(acceptor.get_executor());
  bool paused = false;
  while (state.cancelled() == asio::cancellation_type::none) {
    error_code ec;
    tcp::socket socket =
        co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, ec));
    if (!ec) {
      paused = false;
      sink(std::move(socket));
    } else if (IsPause(ec) && state.cancelled() == asio::cancellation_type::none) {
      if (!paused) spdlog::warn("cannot accept connections: {}", ec.message());
      paused = true;
      pause.expires_after(kPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    }
  }
}

}  // namespace blobgate::net
