#include "model/volume_disk.h"

#include <fcntl.h>

#include <cerrno>

namespace blobgate::engine::model {
namespace {

bool IsAligned(std::uint64_t value) {
  return value % Volume::kPage == 0;
}

bool IsAligned(const iovec& part) {
  return IsAligned(reinterpret_cast<std::uintptr_t>(part.iov_base)) && IsAligned(part.iov_len);
}

}  // namespace

VolumeDisk::Descriptor VolumeDisk::At(int fd) const {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(fd);
  return found == open_.end() ? Descriptor() : found->second;
}

int VolumeDisk::Open(const std::string& path, int flags) {
  const bool direct = (flags & O_DIRECT) != 0;
  if (direct && !allow_direct_) return -EINVAL;
  Volume::FilePtr file;
  const int result = volume_.Open(path, (flags & O_CREAT) != 0, /*fresh=*/false, file);
  if (result < 0) return result;
  const std::lock_guard lock(mutex_);
  open_[next_] = {std::move(file), direct};
  return next_++;
}

void VolumeDisk::Close(int fd) {
  const std::lock_guard lock(mutex_);
  open_.erase(fd);
}

int VolumeDisk::WriteAll(int fd, iovec* parts, int count, std::uint64_t offset) {
  const Descriptor open = At(fd);
  if (!open.file) return -EBADF;
  const std::span<const iovec> all(parts, static_cast<std::size_t>(count));
  if (open.direct) {
    if (!IsAligned(offset)) return -EINVAL;
    for (const iovec& part : all) {
      if (!IsAligned(part)) return -EINVAL;
    }
  }
  return volume_.Write(*open.file, all, offset);
}

ssize_t VolumeDisk::Read(int fd, void* data, std::size_t size, std::uint64_t offset, int) {
  const Descriptor open = At(fd);
  if (!open.file) return -EBADF;
  return volume_.Read(*open.file, data, size, offset);
}

int VolumeDisk::Sync(int fd) {
  const Descriptor open = At(fd);
  return open.file ? volume_.Sync(*open.file) : -EBADF;
}

int VolumeDisk::PunchHole(int fd, std::uint64_t offset, std::uint64_t length) {
  const Descriptor open = At(fd);
  return open.file ? volume_.PunchHole(*open.file, offset, length) : -EBADF;
}

int VolumeDisk::Truncate(int fd, std::uint64_t size) {
  const Descriptor open = At(fd);
  return open.file ? volume_.Truncate(*open.file, size) : -EBADF;
}

int VolumeDisk::Remove(const std::string& path) {
  return volume_.Remove(path);
}

std::uint64_t VolumeDisk::SizeOf(const std::string& path) {
  return static_cast<std::uint64_t>(volume_.SizeOf(path));
}

int VolumeDisk::SyncDirectory(const std::string& path) {
  return volume_.SyncDirectory(path);
}

std::uint64_t VolumeDisk::FreeBytes(const std::string&) {
  return volume_.full() ? 0 : std::uint64_t{1} << 40;
}

}  // namespace blobgate::engine::model
