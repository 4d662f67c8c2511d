// Calls that change sizes and names, and those that sync.
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "shim.h"

namespace shim {
namespace {

/// Judges, calls, and lets `record` write the journal when the call succeeded. Returns as libc
/// does. REQUIRES: the lock is held.
template <class Real, class Recorder>
int Change(std::uint64_t classes, const char* call, std::string_view path, Real real,
           Recorder record) {
  const Verdict verdict = Judge(classes, call, path);
  if (verdict.action == kFail) {
    errno = verdict.error;
    return -1;
  }
  const int result = real();
  if (result == 0) {
    const int saved = errno;
    record();
    errno = saved;
  }
  Finish(verdict);
  return result;
}

template <class Real>
int ChangeName(std::uint64_t classes, Op op, const char* call, const char* path, Real real) {
  std::string relative;
  if (!RelativePath(path, relative)) return real();
  const std::lock_guard lock(Lock());
  return Change(classes, call, relative, real, [&] { Write({.op = op, .path = relative}); });
}

template <class Real>
int ChangeNames(Op op, const char* call, const char* from, const char* to, Real real) {
  std::string first;
  std::string second;
  const bool from_here = RelativePath(from, first);
  if (RelativePath(to, second) != from_here) {
    std::fprintf(stderr, "shim: %s across the root: %s %s\n", call, from, to);
    std::abort();
  }
  if (!from_here) return real();
  const std::lock_guard lock(Lock());
  return Change(kRename, call, second, real,
                [&] { Write({.op = op, .path = first, .second = second}); });
}

/// Nothing is passed on: the tests say what is durable. The lock is not held while it takes.
int Sync(int fd, const char* call) {
  Verdict verdict;
  std::uint64_t start = 0;
  {
    const std::lock_guard lock(Lock());
    const File& file = FileOf(fd);
    verdict = Judge(file.directory ? kSyncDirectory : kSyncFile, call, file.path);
    start = Write({.op = Op::kSyncStart, .fd = fd});
  }
  PretendSync();
  const std::lock_guard lock(Lock());
  const int error = verdict.action == kFail ? verdict.error : 0;
  Write({.op = Op::kSyncEnd, .fd = fd, .a = static_cast<std::int64_t>(start), .b = error});
  Finish(verdict);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

std::uint64_t AllocateClass(int mode) {
  return (mode & FALLOC_FL_PUNCH_HOLE) != 0 ? kPunch : kAllocate;
}

void RecordAllocate(int fd, int mode, off_t offset, off_t length) {
  if ((mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) != 0) {
    Write({.op = Op::kZero, .fd = fd, .a = offset, .b = length});
  }
  if ((mode & FALLOC_FL_KEEP_SIZE) == 0) {
    Write({.op = Op::kAllocate, .fd = fd, .a = offset + length});
  }
}

/// Mappings and whole-file-system calls would change files unseen: better to find out.
[[noreturn]] void Unsupported(const char* call) {
  std::fprintf(stderr, "shim: %s of a file in the data directory is not covered\n", call);
  std::abort();
}

}  // namespace
}  // namespace shim

using namespace shim;

extern "C" {

int ftruncate(int fd, off_t size) noexcept {
  static const auto real = Next("ftruncate", &::ftruncate);
  if (!IsTracked(fd)) return real(fd, size);
  const std::lock_guard lock(Lock());
  return Change(
      kTruncate, "ftruncate", FileOf(fd).path, [&] { return real(fd, size); },
      [&] { Write({.op = Op::kTruncate, .fd = fd, .a = size}); });
}
int ftruncate64(int fd, off_t size) noexcept __attribute__((alias("ftruncate")));

int truncate(const char* path, off_t size) noexcept {
  static const auto real = Next("truncate", &::truncate);
  std::string relative;
  if (RelativePath(path, relative)) Unsupported("truncate");
  return real(path, size);
}
int truncate64(const char* path, off_t size) noexcept __attribute__((alias("truncate")));

int fallocate(int fd, int mode, off_t offset, off_t length) {
  static const auto real = Next("fallocate", &::fallocate);
  if (!IsTracked(fd)) return real(fd, mode, offset, length);
  const std::lock_guard lock(Lock());
  return Change(
      AllocateClass(mode), "fallocate", FileOf(fd).path,
      [&] { return real(fd, mode, offset, length); },
      [&] { RecordAllocate(fd, mode, offset, length); });
}
int fallocate64(int fd, int mode, off_t offset, off_t length) __attribute__((alias("fallocate")));

/// Unlike the others it returns the error.
int posix_fallocate(int fd, off_t offset, off_t length) {
  static const auto real = Next("posix_fallocate", &::posix_fallocate);
  if (!IsTracked(fd)) return real(fd, offset, length);
  const std::lock_guard lock(Lock());
  const int failed = Change(
      kAllocate, "posix_fallocate", FileOf(fd).path,
      [&] { return (errno = real(fd, offset, length)) == 0 ? 0 : -1; },
      [&] { RecordAllocate(fd, 0, offset, length); });
  return failed == 0 ? 0 : errno;
}
int posix_fallocate64(int fd, off_t offset, off_t length) __attribute__((alias("posix_fallocate")));

int rename(const char* from, const char* to) noexcept {
  static const auto real = Next("rename", &::rename);
  return ChangeNames(Op::kRename, "rename", from, to, [&] { return real(from, to); });
}

int link(const char* from, const char* to) noexcept {
  static const auto real = Next("link", &::link);
  return ChangeNames(Op::kLink, "link", from, to, [&] { return real(from, to); });
}

int unlink(const char* path) noexcept {
  static const auto real = Next("unlink", &::unlink);
  return ChangeName(shim::kRemove, Op::kRemove, "unlink", path, [&] { return real(path); });
}

int remove(const char* path) noexcept {
  static const auto real = Next("remove", &::remove);
  return ChangeName(shim::kRemove, Op::kRemove, "remove", path, [&] { return real(path); });
}

int rmdir(const char* path) noexcept {
  static const auto real = Next("rmdir", &::rmdir);
  return ChangeName(shim::kRemove, Op::kRemove, "rmdir", path, [&] { return real(path); });
}

int mkdir(const char* path, mode_t mode) noexcept {
  static const auto real = Next("mkdir", &::mkdir);
  return ChangeName(shim::kMakeDirectory, Op::kMakeDirectory, "mkdir", path,
                    [&] { return real(path, mode); });
}

int fsync(int fd) {
  static const auto real = Next("fsync", &::fsync);
  return IsTracked(fd) ? Sync(fd, "fsync") : real(fd);
}

int fdatasync(int fd) {
  static const auto real = Next("fdatasync", &::fdatasync);
  return IsTracked(fd) ? Sync(fd, "fdatasync") : real(fd);
}

/// Makes nothing durable: neither sizes nor the disk's own cache.
int sync_file_range(int fd, off64_t offset, off64_t length, unsigned flags) {
  static const auto real = Next("sync_file_range", &::sync_file_range);
  // RocksDB asks with an empty range whether there is such a call.
  if (!IsTracked(fd) || length == 0) return real(fd, offset, length, flags);
  const std::lock_guard lock(Lock());
  return Change(
      kSyncRange, "sync_file_range", FileOf(fd).path,
      [&] { return real(fd, offset, length, flags); }, [] {});
}

int syncfs(int fd) noexcept {
  static const auto real = Next("syncfs", &::syncfs);
  if (IsTracked(fd)) Unsupported("syncfs");
  return real(fd);
}

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) noexcept {
  static const auto real = Next("mmap", &::mmap);
  const bool changes = (flags & MAP_SHARED) != 0 && (protection & PROT_WRITE) != 0;
  if (changes && fd >= 0 && IsTracked(fd)) Unsupported("a writable mapping");
  return real(address, size, protection, flags, fd, offset);
}

int statvfs(const char* path, struct statvfs* info) noexcept {
  static const auto real = Next("statvfs", &::statvfs);
  const int result = real(path, info);
  std::string relative;
  if (result == 0 && RelativePath(path, relative) && DiskIsFull()) {
    info->f_bfree = 0;
    info->f_bavail = 0;
  }
  return result;
}
int statvfs64(const char* path, struct statvfs64* info) noexcept __attribute__((alias("statvfs")));

}  // extern "C"
