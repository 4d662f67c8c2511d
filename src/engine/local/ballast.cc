#include "engine/local/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace blobgate::engine {
namespace {

constexpr std::uint64_t kStep = 1024 * 1024;

void Warn(std::string_view what, int code) {
  spdlog::warn("ballast not {}: {}", what, std::generic_category().message(code));
}

}  // namespace

Ballast::Ballast(std::string path, std::uint64_t size) : path_(std::move(path)), size_(size) {
  if (size_ == 0) {
    ::unlink(path_.c_str());
    return;
  }
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct stat info{};
  if (fd_ < 0 || ::fstat(fd_, &info) != 0) {
    Warn("opened", errno);
  } else {
    now_ = static_cast<std::uint64_t>(info.st_size);
  }
}

Ballast::~Ballast() {
  if (fd_ >= 0) ::close(fd_);
}

// Synced, because ext4 hands freed blocks out again only after its journal has committed.
void Ballast::Release(std::uint64_t free, std::uint64_t wanted) {
  if (fd_ < 0 || now_ == 0 || free >= wanted) return;
  const std::uint64_t given = std::min(now_, (wanted - free + kStep - 1) / kStep * kStep);
  if (::ftruncate(fd_, static_cast<off_t>(now_ - given)) != 0 || ::fsync(fd_) != 0) {
    return Warn("released", errno);
  }
  now_ -= given;
  spdlog::warn("the disk is full: {} bytes of ballast released, {} left", given, now_);
}

void Ballast::Refill(std::uint64_t free, std::uint64_t keep) {
  if (IsFull() || free < keep + (size_ - now_)) return;
  const int code = ::posix_fallocate(fd_, 0, static_cast<off_t>(size_));
  if (code == 0) {
    now_ = size_;
    return;
  }
  (void)::ftruncate(fd_, static_cast<off_t>(now_));
  if (code != ENOSPC) Warn("taken", code);
}

}  // namespace blobgate::engine
