#include "engine/local/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <string>

namespace blobgate::engine {
namespace {

template <class Call>
auto Retry(Call call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result < 0 ? static_cast<decltype(result)>(-errno) : result;
}

// Drops the first `done` bytes off the parts.
void Consume(iovec*& parts, int& count, std::size_t done) {
  while (count > 0 && done >= parts->iov_len) {
    done -= parts->iov_len;
    ++parts;
    --count;
  }
  if (count > 0) {
    parts->iov_base = static_cast<char*>(parts->iov_base) + done;
    parts->iov_len -= done;
  }
}

}  // namespace

int Disk::Open(const std::string& path, int flags) {
  return Retry([&] { return ::open(path.c_str(), flags | O_CLOEXEC, 0600); });
}

void Disk::Close(int fd) {
  ::close(fd);
}

int Disk::WriteAll(int fd, iovec* parts, int count, std::uint64_t offset) {
  while (count > 0) {
    const ssize_t done = Retry(
        [&] { return ::pwritev(fd, parts, std::min(count, IOV_MAX), static_cast<off_t>(offset)); });
    if (done < 0) return static_cast<int>(done);
    if (done == 0) return -EIO;
    offset += static_cast<std::uint64_t>(done);
    Consume(parts, count, static_cast<std::size_t>(done));
  }
  return 0;
}

ssize_t Disk::Read(int fd, void* data, std::size_t size, std::uint64_t offset, int flags) {
  const iovec part{data, size};
  return Retry([&] { return ::preadv2(fd, &part, 1, static_cast<off_t>(offset), flags); });
}

int Disk::Sync(int fd) {
  return Retry([&] { return ::fdatasync(fd); });
}

int Disk::PunchHole(int fd, std::uint64_t offset, std::uint64_t length) {
  return Retry([&] {
    return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                       static_cast<off_t>(length));
  });
}

int Disk::Truncate(int fd, std::uint64_t size) {
  return Retry([&] { return ::ftruncate(fd, static_cast<off_t>(size)); });
}

int Disk::Remove(const std::string& path) {
  return Retry([&] { return ::unlink(path.c_str()); });
}

std::uint64_t Disk::SizeOf(const std::string& path) {
  struct stat info{};
  return Retry([&] { return ::stat(path.c_str(), &info); }) < 0
             ? 0
             : static_cast<std::uint64_t>(info.st_size);
}

int Disk::SyncDirectory(const std::string& path) {
  const int fd = Open(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  const int result = Retry([&] { return ::fsync(fd); });
  ::close(fd);
  return result;
}

namespace {

std::uint64_t AskFreeBytes(const std::string& path) {
  struct statvfs info{};
  if (Retry([&] { return ::statvfs(path.c_str(), &info); }) < 0) return 0;
  return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
}

/// What a thread was told last. In `kGoodFor` nobody fills `kPlenty`.
struct FreeSpace {
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kGoodFor{10};
  static constexpr std::uint64_t kPlenty = 4ULL << 30;

  std::string path;
  std::uint64_t bytes = 0;
  Clock::time_point asked;
};

}  // namespace

// Every write asks, several times, and the kernel walks the path each time.
std::uint64_t Disk::FreeBytes(const std::string& path) {
  thread_local FreeSpace last;
  const auto now = FreeSpace::Clock::now();
  const bool good = last.bytes >= FreeSpace::kPlenty && now - last.asked < FreeSpace::kGoodFor &&
                    last.path == path;
  if (!good) last = {path, AskFreeBytes(path), now};
  return last.bytes;
}

namespace {

class RealDisk final : public Disk {
 public:
  bool MayUseRings() const override { return true; }
};

}  // namespace

Disk& SystemDisk() {
  static RealDisk disk;
  return disk;
}

}  // namespace blobgate::engine
