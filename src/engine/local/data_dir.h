// The data directory itself: its lock and its format version.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace blobgate::engine {

/// Holds the lock of a data directory for as long as it lives.
///
///   BALLAST    blocks for a full disk (ballast.h)
///   LOCK       flock()ed by the one engine that has the directory open
///   FORMAT     "blobgate data N\n": the version of everything below
///   ACKNOWLEDGED  how far the catalog was acknowledged (commit_mark.h)
///   catalog/   RocksDB
///   segments/  segment files
class DataDir {
 public:
  /// What this program knows. 1: extents lie where they were born. 2: some may have moved. 3: the
  /// content of some may be in the catalog's log alone.
  static constexpr std::uint64_t kFormatVersion = 3;
  static constexpr std::uint64_t kFirstVersion = 1;  ///< of a new directory

  /// Creates what is missing, locks, and checks the version. kUnavailable: locked by another.
  /// kInvalidArgument: a newer format, or a directory that holds something else. kCorruption: the
  /// FORMAT file is unreadable.
  static Result<std::unique_ptr<DataDir>> Open(const std::string& path);
  /// The same for a directory that must hold a store: kNotFound when it does not.
  static Result<std::unique_ptr<DataDir>> OpenExisting(const std::string& path);
  /// Writes FORMAT, durable: from now on the directory is a store of that version.
  static Status MarkAsStore(const std::string& path, std::uint64_t version);
  ~DataDir();
  DataDir(const DataDir&) = delete;
  DataDir& operator=(const DataDir&) = delete;

  /// Makes the directory one of `version` at least, durably, before the first thing is stored that
  /// older programs do not know. Blocks; one thread at a time.
  Status Require(std::uint64_t version);

  const std::string& path() const { return path_; }
  std::string ballast() const { return path_ + "/BALLAST"; }
  std::string catalog() const { return path_ + "/catalog"; }
  std::string segments() const { return path_ + "/segments"; }

 private:
  DataDir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}
  Status CheckFormat();
  Status CheckEmpty() const;
  Status WriteFormat(std::uint64_t version);

  const std::string path_;
  const int lock_fd_;
  std::uint64_t version_ = 0;
};

}  // namespace blobgate::engine
