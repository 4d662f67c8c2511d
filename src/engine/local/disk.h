// The seam between the local engine's segments and the operating system. Faults are injected here.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <string>

namespace blobgate::engine {

/// Thin system calls: a result at or above 0, or -errno. EINTR is retried inside. Thread-safe.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual int Open(const std::string& path, int flags);
  virtual void Close(int fd);
  /// Writes all of `data` at `offset`; 0 or -errno. Consumes `parts`.
  virtual int WriteAll(int fd, iovec* parts, int count, std::uint64_t offset);
  /// May read less than asked. `flags` as of preadv2 (RWF_NOWAIT).
  virtual ssize_t Read(int fd, void* data, std::size_t size, std::uint64_t offset, int flags);
  /// Whether reads may go to the kernel another way (ReadRing), too, and not all through Read.
  virtual bool MayUseRings() const { return false; }
  virtual int Sync(int fd);  ///< fdatasync
  virtual int PunchHole(int fd, std::uint64_t offset, std::uint64_t length);
  virtual int Truncate(int fd, std::uint64_t size);
  virtual int Remove(const std::string& path);
  /// Of a file, bytes; 0 when there is none.
  virtual std::uint64_t SizeOf(const std::string& path);
  virtual int SyncDirectory(const std::string& path);
  /// Bytes an unprivileged process may still use; 0 when unknown. Where there are many it may be
  /// 10 ms old.
  virtual std::uint64_t FreeBytes(const std::string& path);
};

/// The real one; lives for ever.
Disk& SystemDisk();

}  // namespace blobgate::engine
