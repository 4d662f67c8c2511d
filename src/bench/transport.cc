#include "bench/transport.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace blobgate::bench {
namespace {

constexpr std::size_t kTlsReadBuffer = 128 * 1024;  // records are taken from the kernel in bulk
constexpr std::size_t kMaxPieces = 64;

Io OfSocket(ssize_t result) {
  if (result > 0) return {Io::Kind::kDone, static_cast<std::size_t>(result)};
  if (result == 0) return {Io::Kind::kEnd};
  if (errno == EAGAIN || errno == EINPROGRESS || errno == EINTR) return {Io::Kind::kAgain};
  return {Io::Kind::kFailed};
}

Status SetUpTls(SSL_CTX* tls, const Target& target) {
  SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_default_read_buffer_len(tls, kTlsReadBuffer);
  const bool trusts = target.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(tls) == 1
                          : SSL_CTX_load_verify_file(tls, target.ca_file.c_str()) == 1;
  if (!trusts) return Fail(Errc::kInvalidArgument, target.ca_file + ": cannot be read");
  if (!target.tls13_suites.empty() &&
      SSL_CTX_set_ciphersuites(tls, target.tls13_suites.c_str()) != 1) {
    return Fail(Errc::kInvalidArgument, target.tls13_suites + ": no such cipher suites");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Endpoint>> Endpoint::Open(const Target& target) {
  auto endpoint = std::make_unique<Endpoint>();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed =
      getaddrinfo(target.address.c_str(), std::to_string(target.port).c_str(), &hints, &found);
  if (failed != 0) {
    return Fail(Errc::kUnavailable, target.address + ": " + gai_strerror(failed));
  }
  std::memcpy(&endpoint->address_, found->ai_addr, found->ai_addrlen);
  endpoint->address_length_ = found->ai_addrlen;
  freeaddrinfo(found);
  endpoint->server_name_ = target.server_name;
  if (!target.secure) return endpoint;
  endpoint->tls_.reset(SSL_CTX_new(TLS_client_method()));
  if (!endpoint->tls_) return Fail(Errc::kInternal, "OpenSSL makes no context");
  BG_CHECK(SetUpTls(endpoint->tls_.get(), target));
  return endpoint;
}

bool Transport::Connect(const Endpoint& endpoint, int epoll, void* tag) {
  Close();
  fd_ = socket(endpoint.address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return false;
  const int one = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  const auto* address = reinterpret_cast<const sockaddr*>(&endpoint.address_);
  if (connect(fd_, address, endpoint.address_length_) != 0 && errno != EINPROGRESS) return false;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = tag;
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd_, &event) != 0) return false;
  if (!endpoint.tls_) return true;
  ssl_.reset(SSL_new(endpoint.tls_.get()));
  return ssl_ && SSL_set_fd(ssl_.get(), fd_) == 1 &&
         SSL_set_tlsext_host_name(ssl_.get(), endpoint.server_name_.c_str()) == 1 &&
         SSL_set1_host(ssl_.get(), endpoint.server_name_.c_str()) == 1;
}

void Transport::Close() {
  ssl_.reset();
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  connected_ = false;
}

Io Transport::Establish() {
  if (!connected_) {
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    if (getpeername(fd_, reinterpret_cast<sockaddr*>(&peer), &length) != 0) {
      int error = 0;
      length = sizeof error;
      getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length);
      return {error == 0 ? Io::Kind::kAgain : Io::Kind::kFailed};
    }
    connected_ = true;
  }
  if (!ssl_) return {Io::Kind::kDone};
  ERR_clear_error();
  return OfTls(SSL_connect(ssl_.get()));
}

Io Transport::OfTls(int result) const {
  if (result > 0) return {Io::Kind::kDone, static_cast<std::size_t>(result)};
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {Io::Kind::kAgain};
    case SSL_ERROR_ZERO_RETURN:
      return {Io::Kind::kEnd};
    default:
      return {Io::Kind::kFailed};
  }
}

Io Transport::Read(MutableBytes into) {
  if (!ssl_) return OfSocket(recv(fd_, into.data(), into.size(), 0));
  ERR_clear_error();
  const std::size_t most = std::min<std::size_t>(into.size(), 1 << 30);
  return OfTls(SSL_read(ssl_.get(), into.data(), static_cast<int>(most)));
}

Io Transport::Drop(std::size_t bytes) {
  return OfSocket(recv(fd_, nullptr, bytes, MSG_TRUNC));
}

Io Transport::Write(std::span<const iovec> pieces) {
  if (!ssl_) {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(pieces.data());  // not written to
    message.msg_iovlen = std::min(pieces.size(), kMaxPieces);
    return OfSocket(sendmsg(fd_, &message, MSG_NOSIGNAL));
  }
  ERR_clear_error();
  const std::size_t most = std::min<std::size_t>(pieces[0].iov_len, 1 << 30);
  return OfTls(SSL_write(ssl_.get(), pieces[0].iov_base, static_cast<int>(most)));
}

}  // namespace blobgate::bench
