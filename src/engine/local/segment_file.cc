#include "engine/local/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <spdlog/fmt/fmt.h>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace blobgate::engine {

Error DiskError(int code, std::string_view what) {
  const bool full = code == -ENOSPC || code == -EDQUOT;
  return {full ? Errc::kNoSpace : Errc::kIoError,
          fmt::format("{}: {}", what, std::generic_category().message(-code))};
}

std::string SegmentPaths::PathOf(std::uint64_t segment) const {
  return fmt::format("{}/{:016x}.seg", directory_, segment);
}

std::uint64_t SegmentPaths::IdOf(std::string_view file_name) {
  if (file_name.size() != 20 || !file_name.ends_with(".seg")) return 0;
  std::uint64_t id = 0;
  const char* end = file_name.data() + 16;
  const auto parsed = std::from_chars(file_name.data(), end, id, 16);
  return parsed.ec == std::errc() && parsed.ptr == end ? id : 0;
}

Result<SegmentFilePtr> SegmentPaths::Open(std::uint64_t segment) const {
  const std::string path = PathOf(segment);
  const int fd = disk_.Open(path, O_RDWR);
  if (fd == -ENOENT) return Fail(Errc::kNotFound, path);
  if (fd < 0) return std::unexpected(DiskError(fd, path));
  return std::make_shared<SegmentFile>(disk_, fd);
}

Result<SegmentFilePtr> SegmentPaths::OpenDirect(std::uint64_t segment) const {
  const std::string path = PathOf(segment);
  int fd = disk_.Open(path, O_RDONLY | O_DIRECT);
  if (fd == -EINVAL) fd = disk_.Open(path, O_RDONLY);
  if (fd == -ENOENT) return Fail(Errc::kNotFound, path);
  if (fd < 0) return std::unexpected(DiskError(fd, path));
  return std::make_shared<SegmentFile>(disk_, fd);
}

Result<SegmentFilePtr> SegmentPaths::OpenForWrite(std::uint64_t segment, bool create,
                                                  bool direct) const {
  const std::string path = PathOf(segment);
  const int flags = O_RDWR | (create ? O_CREAT : 0);
  int fd = direct ? disk_.Open(path, flags | O_DIRECT) : -EINVAL;
  if (fd == -EINVAL) fd = disk_.Open(path, flags);
  if (fd < 0) return std::unexpected(DiskError(fd, path));
  auto file = std::make_shared<SegmentFile>(disk_, fd);
  if (create) {
    const int synced = disk_.SyncDirectory(directory_);
    if (synced < 0) return std::unexpected(DiskError(synced, directory_));
  }
  return file;
}

bool SegmentPaths::IsShared(std::uint64_t segment) const {
  struct stat info{};
  return ::stat(PathOf(segment).c_str(), &info) == 0 && info.st_nlink > 1;
}

Status SegmentPaths::Remove(std::uint64_t segment) const {
  const std::string path = PathOf(segment);
  const int removed = disk_.Remove(path);
  if (removed < 0 && removed != -ENOENT) return std::unexpected(DiskError(removed, path));
  const int synced = disk_.SyncDirectory(directory_);
  if (synced < 0) return std::unexpected(DiskError(synced, directory_));
  return {};
}

}  // namespace blobgate::engine
