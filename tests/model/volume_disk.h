// The segments' side of a Volume.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>

#include "engine/local/disk.h"
#include "model/volume.h"

namespace blobgate::engine::model {

/// The local engine's Disk on a Volume. Thread-safe. The volume outlives it.
class VolumeDisk final : public Disk {
 public:
  explicit VolumeDisk(Volume& volume) : volume_(volume) {}

  /// Without it O_DIRECT is refused, as some file systems do. With it a write that is not aligned
  /// to a page is refused, as Linux does.
  void AllowDirect(bool allowed) { allow_direct_ = allowed; }

  int Open(const std::string& path, int flags) override;
  void Close(int fd) override;
  int WriteAll(int fd, iovec* parts, int count, std::uint64_t offset) override;
  ssize_t Read(int fd, void* data, std::size_t size, std::uint64_t offset, int flags) override;
  int Sync(int fd) override;
  int PunchHole(int fd, std::uint64_t offset, std::uint64_t length) override;
  int Truncate(int fd, std::uint64_t size) override;
  int Remove(const std::string& path) override;
  std::uint64_t SizeOf(const std::string& path) override;
  int SyncDirectory(const std::string& path) override;
  std::uint64_t FreeBytes(const std::string& path) override;

 private:
  struct Descriptor {
    Volume::FilePtr file;
    bool direct = false;
  };

  /// Empty when `fd` is not open.
  Descriptor At(int fd) const;

  Volume& volume_;
  std::atomic<bool> allow_direct_{true};
  mutable std::mutex mutex_;
  std::map<int, Descriptor> open_;
  int next_ = 1'000'000;  ///< far from any real descriptor
};

}  // namespace blobgate::engine::model
