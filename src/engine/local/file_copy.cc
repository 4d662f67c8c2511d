#include "engine/local/file_copy.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/buffer.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {
namespace {

constexpr std::size_t kPiece = 1024 * 1024;

Error SystemError(const std::string& what) {
  return errno == ENOENT ? Error{Errc::kNotFound, what} : DiskError(-errno, what);
}

class Descriptor {
 public:
  Descriptor(const std::string& path, int flags)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

Status WriteAll(int fd, Bytes data, off_t at, const std::string& path) {
  while (!data.empty()) {
    const ssize_t done = ::pwrite(fd, data.data(), data.size(), at);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return std::unexpected(SystemError(path));
    at += done;
    data = data.subspan(static_cast<std::size_t>(done));
  }
  return {};
}

/// A part of a file that has bytes.
struct Part {
  off_t begin = 0;
  off_t end = 0;
};

/// The next one from `at` on; empty: there is none before `size`.
Part NextPart(int fd, off_t at, off_t size) {
  const off_t begin = ::lseek(fd, at, SEEK_DATA);
  if (begin < 0) return errno == ENXIO ? Part{size, size} : Part{at, size};
  const off_t end = ::lseek(fd, begin, SEEK_HOLE);
  return {begin, end < 0 ? size : std::min(end, size)};
}

Status CopyPart(int from, int to, Part part, const AlignedBuffer& buffer, const std::string& path,
                const std::stop_token& stop) {
  for (off_t at = part.begin; at < part.end;) {
    if (stop.stop_requested()) return Fail(Errc::kCancelled);
    const auto want = std::min<std::size_t>(kPiece, static_cast<std::size_t>(part.end - at));
    const ssize_t got = ::pread(from, buffer.data(), want, at);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::unexpected(SystemError(path));
    if (got == 0) return {};  // cut meanwhile: nothing that is needed lay there
    BG_CHECK(WriteAll(to, buffer.span().first(static_cast<std::size_t>(got)), at, path));
    at += got;
  }
  return {};
}

Status CopyBytes(int from, int to, const std::string& path, const std::stop_token& stop) {
  struct stat info{};
  if (::fstat(from, &info) != 0) return std::unexpected(SystemError(path));
  if (::ftruncate(to, info.st_size) != 0) return std::unexpected(SystemError(path));
  const AlignedBuffer buffer(kPiece);
  for (off_t at = 0; at < info.st_size;) {
    const Part part = NextPart(from, at, info.st_size);
    BG_CHECK(CopyPart(from, to, part, buffer, path, stop));
    at = part.end;
  }
  return {};
}

}  // namespace

Result<CopyWay> CopyFile(const std::string& from, const std::string& to, bool may_link,
                         const std::stop_token& stop) {
  const Descriptor source(from, O_RDONLY);
  if (source.get() < 0) return std::unexpected(SystemError(from));
  {
    const Descriptor target(to, O_RDWR | O_CREAT | O_EXCL);
    if (target.get() < 0) return std::unexpected(DiskError(-errno, to));
    const bool cloned = ::ioctl(target.get(), FICLONE, source.get()) == 0;
    if (!cloned && !may_link) BG_CHECK(CopyBytes(source.get(), target.get(), to, stop));
    if (cloned || !may_link) {
      if (::fdatasync(target.get()) != 0) return std::unexpected(DiskError(-errno, to));
      (void)::posix_fadvise(target.get(), 0, 0, POSIX_FADV_DONTNEED);
      return cloned ? CopyWay::kCloned : CopyWay::kCopied;
    }
  }
  if (::unlink(to.c_str()) != 0) return std::unexpected(DiskError(-errno, to));
  if (::link(from.c_str(), to.c_str()) == 0) return CopyWay::kLinked;
  // Another file system, or one without links.
  return CopyFile(from, to, /*may_link=*/false, stop);
}

}  // namespace blobgate::engine
