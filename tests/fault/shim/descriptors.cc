// Calls that open, close, read and write.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <vector>

#include "shim.h"

namespace shim {
namespace {

constexpr off_t kAtPosition = -1;

/// Saves errno over what the shim does after the real call.
class KeepErrno {
 public:
  ~KeepErrno() { errno = error_; }

 private:
  const int error_ = errno;
};

int Refuse(const Verdict& verdict) {
  errno = verdict.error;
  return -1;
}

bool Exists(const char* path) {
  const int saved = errno;
  const bool exists = ::access(path, F_OK) == 0;
  errno = saved;
  return exists;
}

void Opened(int fd, const std::string& path, int flags, bool existed) {
  const KeepErrno keep;
  struct stat info{};
  const bool directory = ::fstat(fd, &info) == 0 && S_ISDIR(info.st_mode);
  Track(fd, path, directory, (flags & O_DIRECT) != 0);
  const bool created = (flags & O_CREAT) != 0 && !existed;
  const bool truncated = (flags & O_TRUNC) != 0 && existed;
  Write({.op = Op::kOpen, .fd = fd, .a = (created ? 1 : 0) | (truncated ? 2 : 0), .path = path});
}

std::uint64_t OpenClasses(int flags) {
  return (flags & (O_CREAT | O_TRUNC)) != 0 ? kOpen | kCreate : kOpen;
}

template <class Real>
int Open(const char* path, const std::string& relative, int flags, Real real) {
  const std::lock_guard lock(Lock());
  const Verdict verdict = Judge(OpenClasses(flags), "open", relative);
  if (verdict.action == kFail) return Refuse(verdict);
  const bool existed = Exists(path);
  const int fd = real();
  if (fd >= 0) Opened(fd, relative, flags, existed);
  Finish(verdict);
  return fd;
}

std::size_t SizeOf(const std::vector<iovec>& parts) {
  std::size_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  return size;
}

/// To half, in whole blocks where O_DIRECT demands them; what cannot be halved stays.
void Halve(std::vector<iovec>& parts, bool direct) {
  const std::size_t size = SizeOf(parts);
  std::size_t left = size / 2;
  if (direct) left -= left % 4096;
  if (left == 0) return;
  for (iovec& part : parts) {
    part.iov_len = std::min(part.iov_len, left);
    left -= part.iov_len;
  }
}

ssize_t WriteParts(int fd, std::vector<iovec> parts, off_t offset, const char* call) {
  const std::lock_guard lock(Lock());
  const File file = FileOf(fd);
  const Verdict verdict = Judge(kWrite, call, file.path);
  if (verdict.action == kFail) return Refuse(verdict);
  if (verdict.action == kShorten) Halve(parts, file.direct);
  static const auto writev = Next("writev", &::writev);
  static const auto pwritev = Next("pwritev", &::pwritev);
  const int count = static_cast<int>(parts.size());
  const ssize_t done = offset == kAtPosition ? writev(fd, parts.data(), count)
                                             : pwritev(fd, parts.data(), count, offset);
  const KeepErrno keep;
  if (done > 0) {
    if (offset == kAtPosition) offset = ::lseek(fd, 0, SEEK_CUR) - done;
    Write({.op = Op::kWrite,
           .fd = fd,
           .a = offset,
           .parts = parts.data(),
           .data_size = static_cast<std::size_t>(done)});
  }
  Finish(verdict);
  return done;
}

std::vector<iovec> One(const void* data, std::size_t size) {
  return {{const_cast<void*>(data), size}};
}

std::vector<iovec> Copy(const iovec* parts, int count) {
  return {parts, parts + std::max(count, 0)};
}

/// Whether the read is to fail; then errno says how.
bool ReadFails(int fd, const char* call) {
  if (!IsTracked(fd) || !IsWatched(kRead)) return false;
  const std::lock_guard lock(Lock());
  const Verdict verdict = Judge(kRead, call, FileOf(fd).path);
  if (verdict.action == kFail) errno = verdict.error;
  return verdict.action == kFail;
}

mode_t ModeOf(int flags, va_list arguments) {
  return (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

int OpenFlags(const char* mode) {
  const int access = std::strchr(mode, '+') != nullptr ? O_RDWR : O_WRONLY;
  if (mode[0] == 'w') return access | O_CREAT | O_TRUNC;
  if (mode[0] == 'a') return access | O_CREAT | O_APPEND;
  return O_RDONLY;
}

/// What stdio writes afterwards is not seen. Nothing of the store is written that way; power_cut.py
/// would find it.
template <class Real>
FILE* OpenStream(const char* path, const char* mode, Real real) {
  std::string relative;
  if (!RelativePath(path, relative)) return real();
  const std::lock_guard lock(Lock());
  const int flags = OpenFlags(mode);
  const Verdict verdict = Judge(OpenClasses(flags), "fopen", relative);
  if (verdict.action == kFail) {
    errno = verdict.error;
    return nullptr;
  }
  const bool existed = Exists(path);
  FILE* stream = real();
  if (stream != nullptr && (flags & O_CREAT) != 0) {
    const KeepErrno keep;
    const int fd = ::fileno(stream);
    Opened(fd, relative, flags, existed);
    Write({.op = Op::kClose, .fd = fd});
    Untrack(fd);
  }
  Finish(verdict);
  return stream;
}

}  // namespace
}  // namespace shim

using namespace shim;

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  static const auto real = Next("open", &::open);
  std::string relative;
  if (!RelativePath(path, relative)) return real(path, flags, mode);
  return Open(path, relative, flags, [&] { return real(path, flags, mode); });
}

int openat(int directory, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = ModeOf(flags, arguments);
  va_end(arguments);
  static const auto real = Next("openat", &::openat);
  std::string relative;
  if (!RelativePath(path, relative)) return real(directory, path, flags, mode);
  return Open(path, relative, flags, [&] { return real(directory, path, flags, mode); });
}

int open64(const char* path, int flags, ...) __attribute__((alias("open")));
int openat64(int directory, const char* path, int flags, ...) __attribute__((alias("openat")));

int creat(const char* path, mode_t mode) {
  return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
int creat64(const char* path, mode_t mode) __attribute__((alias("creat")));

FILE* fopen(const char* path, const char* mode) {
  static const auto real = Next("fopen", &::fopen);
  return OpenStream(path, mode, [&] { return real(path, mode); });
}
FILE* fopen64(const char* path, const char* mode) __attribute__((alias("fopen")));

int close(int fd) {
  static const auto real = Next("close", &::close);
  if (!IsTracked(fd)) return real(fd);
  const std::lock_guard lock(Lock());
  Write({.op = Op::kClose, .fd = fd});
  Untrack(fd);
  return real(fd);
}

/// Of a stream made with fdopen: RocksDB reads its logs that way.
int fclose(FILE* stream) {
  static const auto real = Next("fclose", &::fclose);
  const int fd = ::fileno(stream);
  if (!IsTracked(fd)) return real(stream);
  const std::lock_guard lock(Lock());
  Write({.op = Op::kClose, .fd = fd});
  Untrack(fd);
  return real(stream);
}

ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = Next("write", &::write);
  if (!IsTracked(fd)) return real(fd, data, size);
  return WriteParts(fd, One(data, size), kAtPosition, "write");
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = Next("writev", &::writev);
  if (!IsTracked(fd)) return real(fd, parts, count);
  return WriteParts(fd, Copy(parts, count), kAtPosition, "writev");
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto real = Next("pwrite", &::pwrite);
  if (!IsTracked(fd)) return real(fd, data, size, offset);
  return WriteParts(fd, One(data, size), offset, "pwrite");
}
ssize_t pwrite64(int fd, const void* data, size_t size, off_t offset)
    __attribute__((alias("pwrite")));

ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static const auto real = Next("pwritev", &::pwritev);
  if (!IsTracked(fd)) return real(fd, parts, count, offset);
  return WriteParts(fd, Copy(parts, count), offset, "pwritev");
}
ssize_t pwritev64(int fd, const iovec* parts, int count, off_t offset)
    __attribute__((alias("pwritev")));

ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  static const auto real = Next("pwritev2", &::pwritev2);
  if (!IsTracked(fd)) return real(fd, parts, count, offset, flags);
  return WriteParts(fd, Copy(parts, count), offset, "pwritev2");
}
ssize_t pwritev64v2(int fd, const iovec* parts, int count, off_t offset, int flags)
    __attribute__((alias("pwritev2")));

ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  static const auto real = Next("pread", &::pread);
  return ReadFails(fd, "pread") ? -1 : real(fd, data, size, offset);
}
ssize_t pread64(int fd, void* data, size_t size, off_t offset) __attribute__((alias("pread")));

/// No ring: what it reads would not pass by here. The daemon reads by preadv2 then.
struct io_uring;
int io_uring_queue_init(unsigned, io_uring*, unsigned) {
  return -ENOSYS;
}

ssize_t preadv2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  static const auto real = Next("preadv2", &::preadv2);
  return ReadFails(fd, "preadv2") ? -1 : real(fd, parts, count, offset, flags);
}
ssize_t preadv64v2(int fd, const iovec* parts, int count, off_t offset, int flags)
    __attribute__((alias("preadv2")));

}  // extern "C"
