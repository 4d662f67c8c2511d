// One open descriptor of a segment file, and the ways to get one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "engine/local/disk.h"

namespace blobgate::engine {

/// Owns a descriptor. Shared by whoever reads or writes at the moment, so that closing or even
/// unlinking a segment never pulls it from under a read.
class SegmentFile {
 public:
  SegmentFile(Disk& disk, int fd) : disk_(disk), fd_(fd) {}
  ~SegmentFile() { disk_.Close(fd_); }
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;
  int fd() const { return fd_; }

 private:
  Disk& disk_;
  const int fd_;
};

using SegmentFilePtr = std::shared_ptr<const SegmentFile>;

/// Where segment files live: DIR/NNNNNNNNNNNNNNNN.seg, the id in hex. Thread-safe, no state.
class SegmentPaths {
 public:
  SegmentPaths(Disk& disk, std::string directory) : disk_(disk), directory_(std::move(directory)) {}

  Disk& disk() const { return disk_; }
  const std::string& directory() const { return directory_; }
  std::string PathOf(std::uint64_t segment) const;
  /// The id in a file's name; 0 when it is no segment's name.
  static std::uint64_t IdOf(std::string_view file_name);

  /// Opens for reading and punching, through the page cache. kNotFound when there is no file.
  Result<SegmentFilePtr> Open(std::uint64_t segment) const;
  /// Opens for reading only, past the page cache where the file system allows it: positions,
  /// lengths and memory of reads must be aligned to kBlock. kNotFound when there is no file.
  Result<SegmentFilePtr> OpenDirect(std::uint64_t segment) const;
  /// Opens for appending; with O_DIRECT when `direct` and the file system allows it. `create`
  /// makes a new file (it must not exist) and syncs the directory.
  Result<SegmentFilePtr> OpenForWrite(std::uint64_t segment, bool create, bool direct) const;
  /// Whether its file has another name too: it then belongs to a snapshot as well, and must not be
  /// changed. False when there is no file.
  bool IsShared(std::uint64_t segment) const;
  /// Unlinks and syncs the directory.
  Status Remove(std::uint64_t segment) const;

 private:
  Disk& disk_;
  const std::string directory_;
};

/// kNoSpace for ENOSPC and EDQUOT, else kIoError. `code` is -errno.
Error DiskError(int code, std::string_view what);

}  // namespace blobgate::engine
