#include "net/lending_pipe.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>

#include "base/log.h"

namespace blobgate::net {
namespace {

constexpr std::size_t kPage = AlignedBuffer::kAlignment;
/// Of the pipe, bytes: what is sent in one step, with parts of pages at both ends of its pieces.
constexpr int kCapacity = 512 * 1024;
constexpr std::size_t kMostPieces = 8;

std::size_t PagesOf(Bytes piece) {
  const auto begin = reinterpret_cast<std::uintptr_t>(piece.data());
  return (begin + piece.size() + kPage - 1) / kPage - begin / kPage;
}

void CloseEnd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

}  // namespace

LendingPipe& LendingPipe::OfThread() {
  thread_local LendingPipe pipe;
  return pipe;
}

LendingPipe::LendingPipe() = default;

LendingPipe::~LendingPipe() {
  Close();
}

// Without descriptors now there may be some later.
bool LendingPipe::Open() {
  if (in_ >= 0) return true;
  std::array<int, 2> ends{-1, -1};
  null_ = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (null_ < 0 || ::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    Close();
    return false;
  }
  out_ = ends[0];
  in_ = ends[1];
  ::fcntl(in_, F_SETPIPE_SZ, kCapacity);  // a user's pipes are bounded: then it stays smaller
  pages_ = static_cast<std::size_t>(std::max(0, ::fcntl(in_, F_GETPIPE_SZ))) / kPage;
  return true;
}

void LendingPipe::Close() {
  CloseEnd(out_);
  CloseEnd(in_);
  CloseEnd(null_);
}

IoResult LendingPipe::Send(int socket, std::span<const SharedBytes> pieces) {
  if (refused_ || pieces.empty() || pieces.front().lender() == nullptr || !Open()) return {};
  const std::size_t filled = Fill(pieces);
  std::size_t left = filled;
  IoResult result;
  while (left > 0) {
    const ssize_t sent = ::splice(out_, nullptr, socket, nullptr, left, SPLICE_F_NONBLOCK);
    if (sent > 0) {
      left -= static_cast<std::size_t>(sent);
    } else if (sent == 0 || errno != EINTR) {
      if (sent < 0 && errno != EAGAIN) result.ec = {errno, boost::system::system_category()};
      break;
    }
  }
  if (left > 0) Drop(left);
  result.bytes = filled - left;
  return result;
}

// As much as it holds, of the first pieces that can be lent. 0: the system does not let us.
std::size_t LendingPipe::Fill(std::span<const SharedBytes> pieces) {
  std::array<iovec, kMostPieces> parts;
  std::size_t count = 0;
  std::size_t pages = 0;
  for (const SharedBytes& piece : pieces.first(std::min(pieces.size(), parts.size()))) {
    if (piece.lender() == nullptr) break;
    pages += PagesOf(piece.view());
    if (pages > pages_) break;
    piece.lender()->Lend();
    parts[count++] = {const_cast<std::byte*>(piece.view().data()), piece.size()};
  }
  if (count == 0) return 0;
  const ssize_t filled = ::vmsplice(in_, parts.data(), count, SPLICE_F_NONBLOCK);
  if (filled > 0) return static_cast<std::size_t>(filled);
  refused_ = true;
  static std::once_flag told;
  std::call_once(told, [error = errno] {
    spdlog::warn("vmsplice: {}: what is sent is copied", std::generic_category().message(error));
  });
  Close();
  return 0;
}

// What the socket did not take is sent another time.
void LendingPipe::Drop(std::size_t bytes) {
  while (bytes > 0) {
    const ssize_t dropped = ::splice(out_, nullptr, null_, nullptr, bytes, SPLICE_F_NONBLOCK);
    if (dropped > 0) {
      bytes -= static_cast<std::size_t>(dropped);
    } else if (dropped == 0 || errno != EINTR) {
      return Close();  // the next one is empty
    }
  }
}

}  // namespace blobgate::net
