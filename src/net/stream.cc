#include "net/stream.h"

#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

#include "net/lending_pipe.h"

namespace blobgate::net {
namespace {

namespace asio = boost::asio;

/// What a peer that was told of the end may still send before nobody listens any more, bytes.
constexpr std::size_t kLastWords = 64 * 1024;
/// What is tried in any case when the kernel says that it takes something, bytes.
constexpr std::size_t kLeastRoom = 32 * 1024;

auto Redirect(error_code& ec) {
  return asio::redirect_error(asio::use_awaitable, ec);
}

error_code LastError() {
  return {errno, boost::system::system_category()};
}

/// As sendmsg: the bytes that the kernel took, or -1 and errno.
ssize_t SendNow(int socket, std::span<const Bytes> pieces, int flags) {
  std::array<iovec, PlainStream::kMaxPieces> parts;
  std::size_t count = 0;
  for (const Bytes piece : pieces.first(std::min(pieces.size(), parts.size()))) {
    if (piece.empty()) continue;
    parts[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
  }
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = count;
  for (;;) {
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
    if (sent >= 0 || errno != EINTR) return sent;
  }
}

/// Records to a socket.
class DirectSink final : public TlsSession::RecordSink {
 public:
  explicit DirectSink(PlainStream& transport) : transport_(transport) {}

  std::size_t Send(Bytes record, bool more) override {
    const IoResult sent = transport_.WriteNow({&record, 1}, more);
    failure_ = sent.ec;
    return sent.bytes;
  }

  error_code failure() const { return failure_; }

 private:
  PlainStream& transport_;
  error_code failure_;
};

}  // namespace

MutableBytes Scratch() {
  thread_local std::array<std::byte, 16 * 1024> scratch;
  return scratch;
}

IoResult PlainStream::ReadNow(MutableBytes into) {
  for (;;) {
    const ssize_t got = ::recv(socket_.native_handle(), into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) return {static_cast<std::size_t>(got)};
    if (got == 0) return {0, asio::error::eof};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
    if (errno != EINTR) return {0, LastError()};
  }
}

Task<void> PlainStream::WaitForInput(error_code& ec) {
  return socket_.async_wait(asio::socket_base::wait_read, Redirect(ec));
}

Task<IoResult> PlainStream::WriteSome(std::span<const Bytes> pieces) {
  error_code ec;
  while (!ec) {
    const IoResult sent = WriteNow(pieces);
    if (sent.bytes > 0 || sent.ec) co_return sent;
    ec = co_await WaitForRoom();
  }
  co_return IoResult{0, ec};
}

IoResult PlainStream::WriteNow(std::span<const Bytes> pieces, bool more) {
  const ssize_t sent = SendNow(socket_.native_handle(), pieces, more ? MSG_MORE : 0);
  if (sent < 0) return {0, errno == EAGAIN || errno == EWOULDBLOCK ? error_code() : LastError()};
  NoteSent(static_cast<std::size_t>(sent));
  return {static_cast<std::size_t>(sent)};
}

// splice(2) waits unless the socket itself says that it does not.
IoResult PlainStream::LendNow(std::span<const SharedBytes> pieces) {
  error_code ec;
  if (!socket_.native_non_blocking()) socket_.native_non_blocking(true, ec);
  if (ec) return {};
  const IoResult sent = LendingPipe::OfThread().Send(socket_.native_handle(), pieces);
  NoteSent(sent.bytes);
  return sent;
}

void PlainStream::NoteSent(std::size_t bytes) {
  unbroken_ += bytes;
  if (fast_) return;
  const Instant now = std::chrono::steady_clock::now();
  if (now - proof_began_ > kProofTime) {
    proof_began_ = now;
    proof_ = 0;
  }
  proof_ += bytes;
  if (proof_ < kProof) return;
  fast_ = true;
  LimitUnsent(0);
}

// 0: as the system has it. A failure leaves it as it is.
void PlainStream::LimitUnsent(std::size_t bytes) {
  const int value = static_cast<int>(bytes);
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &value, sizeof value);
}

// A socket is writable when a third of its buffer is free (Linux, sk_stream_is_writeable), of which
// the kernel's own structures take a part.
std::size_t PlainStream::Room() {
  pollfd ready{.fd = socket_.native_handle(), .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) == 0) return 0;
  if (!fast_) return kSlowUnsent / 2;
  int buffer = 0;
  socklen_t size = sizeof buffer;
  if (::getsockopt(ready.fd, SOL_SOCKET, SO_SNDBUF, &buffer, &size) != 0) return kLeastRoom;
  return std::max(kLeastRoom, static_cast<std::size_t>(buffer) / 4);
}

std::size_t PlainStream::Free() {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  if (::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) {
    return kLeastRoom;
  }
  const std::uint32_t all = memory[SK_MEMINFO_SNDBUF], used = memory[SK_MEMINFO_WMEM_QUEUED];
  return all > used ? all - used : 0;
}

std::size_t PlainStream::Queued() {
  int queued = 0;
  return ::ioctl(socket_.native_handle(), SIOCOUTQ, &queued) == 0 && queued > 0
             ? static_cast<std::size_t>(queued)
             : 0;
}

Task<error_code> PlainStream::WaitForRoom() {
  error_code ec;
  unbroken_ = 0;
  const Instant began = std::chrono::steady_clock::now();
  co_await socket_.async_wait(asio::socket_base::wait_write, Redirect(ec));
  if (fast_ && std::chrono::steady_clock::now() - began > kLongWait) {
    fast_ = false;
    LimitUnsent(kSlowUnsent);
  }
  co_return ec;
}

Task<void> PlainStream::ShutdownSend() {
  error_code ignored;  // the peer may be gone, which is as good
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  co_return;
}

Task<void> PlainStream::Drop(std::uint64_t most) {
  while (most > 0) {
    const IoResult got = ReadNow(Scratch());
    if (got.ec) co_return;
    most -= std::min<std::uint64_t>(most, got.bytes);
    error_code ec;
    if (got.bytes == 0) co_await WaitForInput(ec);
    if (ec) co_return;
  }
}

// While the client takes its time there is no memory for what it will send.
Task<error_code> TlsStream::Receive() {
  for (;;) {
    const IoResult got = transport_.ReadNow(session_->PrepareInput());
    session_->CommitInput(got.bytes);
    if (got.bytes > 0 || got.ec) co_return got.ec;
    session_->ReleaseInput();
    error_code ec;
    co_await transport_.WaitForInput(ec);
    if (ec) co_return ec;
  }
}

Task<error_code> TlsStream::Flush() {
  while (!session_->output().empty()) {
    const Bytes records = session_->output();
    const IoResult sent = co_await transport_.WriteSome({&records, 1});
    if (sent.ec) co_return sent.ec;
    session_->ConsumeOutput(sent.bytes);
  }
  co_return error_code();
}

Task<error_code> TlsStream::Handshake() {
  for (;;) {
    const TlsSession::Step step = session_->Handshake();
    if (const error_code ec = co_await Flush()) co_return ec;  // an alert, too
    if (step != TlsSession::Step::kNeedsInput) {
      co_return step == TlsSession::Step::kDone ? error_code() : session_->failure();
    }
    if (const error_code ec = co_await Receive()) co_return ec;
  }
}

// What OpenSSL itself has to send goes with the next write, if the kernel does not take it now.
IoResult TlsStream::ReadNow(MutableBytes into) {
  for (;;) {
    std::size_t got = 0;
    // A call that finds nothing takes a buffer of 16 KiB and gives it back.
    TlsSession::Step step = TlsSession::Step::kNeedsInput;
    if (session_->CanRead()) step = session_->Read(into, got);
    if (const error_code ec = FlushNow()) return {0, ec};
    switch (step) {
      case TlsSession::Step::kDone:
        return {got};
      case TlsSession::Step::kEnded:
        return {0, asio::error::eof};
      case TlsSession::Step::kFailed:
        return {0, session_->failure()};
      case TlsSession::Step::kNeedsInput:
        break;
    }
    const IoResult received = transport_.ReadNow(session_->PrepareInput());
    session_->CommitInput(received.bytes);
    if (received.bytes > 0) continue;
    session_->ReleaseInput();
    return received;
  }
}

std::size_t TlsStream::Room() {
  const std::size_t room = transport_.Room();
  return room == 0 || transport_.fast() ? room : SlowBurst();
}

/// The kernel may count a byte that is sent in small segments more than once.
std::size_t TlsStream::SlowBurst() {
  return std::clamp(transport_.Free() / 2, kLeastBurst, kSlowBurst);
}

/// What the kernel takes of the records that wait. held_ is 0 once it has all of them.
error_code TlsStream::FlushNow() {
  const Bytes records = session_->output();
  if (!records.empty()) {
    const IoResult sent = transport_.WriteNow({&records, 1});
    if (sent.ec) return sent.ec;
    session_->ConsumeOutput(sent.bytes);
  }
  if (session_->output().empty()) {
    held_ = 0;
  } else {
    session_->TrimOutput();
  }
  return {};
}

IoResult TlsStream::WriteNow(std::span<const Bytes> pieces) {
  if (const error_code ec = FlushNow()) return {0, ec};
  if (!session_->output().empty()) return {};
  std::size_t most = 0;
  for (const Bytes piece : pieces) most += piece.size();
  if (most == 0) return {};
  if (most > kLeastBurst && !transport_.fast()) most = std::min(most, SlowBurst());
  DirectSink sink(transport_);
  TlsSession::Encrypted done;
  if (session_->Encrypt(pieces, most, sink, done) != TlsSession::Step::kDone) {
    return {0, session_->failure()};
  }
  held_ = done.held;
  if (held_ > 0) session_->TrimOutput();
  return {done.taken, sink.failure()};
}

// The peer is heard out for a while: closing with bytes unread would reset the connection, and
// could take away what it has not read yet.
Task<void> TlsStream::ShutdownSend() {
  session_->Shutdown();
  error_code ec = co_await Flush();
  if (ec) co_return;
  socket().shutdown(asio::ip::tcp::socket::shutdown_send, ec);
  if (!ec) co_await transport_.Drop(kLastWords);
}

}  // namespace blobgate::net
