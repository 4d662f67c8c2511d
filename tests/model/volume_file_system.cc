#include "model/volume_file_system.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace blobgate::engine::model {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;
using FilePtr = Volume::FilePtr;

IOStatus ToStatus(std::int64_t result, const std::string& what) {
  if (result >= 0) return IOStatus::OK();
  if (result == -ENOENT) return IOStatus::PathNotFound(what);
  if (result == -ENOSPC) return IOStatus::NoSpace(what);
  return IOStatus::IOError(what, "error " + std::to_string(-result));
}

IOStatus ReadAt(Volume& volume, const Volume::File& file, std::uint64_t offset, std::size_t size,
                Slice* result, char* scratch) {
  const ssize_t got = volume.Read(file, scratch, size, offset);
  *result = Slice(scratch, got < 0 ? 0 : static_cast<std::size_t>(got));
  return ToStatus(got, "read");
}

class SequentialFile final : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(Volume& volume, FilePtr file) : volume_(volume), file_(std::move(file)) {}
  IOStatus Read(std::size_t size, const IOOptions&, Slice* result, char* scratch,
                IODebugContext*) override {
    const IOStatus status = ReadAt(volume_, *file_, position_, size, result, scratch);
    position_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t size) override {
    position_ += size;
    return IOStatus::OK();
  }

 private:
  Volume& volume_;
  const FilePtr file_;
  std::uint64_t position_ = 0;
};

class RandomAccessFile final : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(Volume& volume, FilePtr file) : volume_(volume), file_(std::move(file)) {}
  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions&, Slice* result,
                char* scratch, IODebugContext*) const override {
    return ReadAt(volume_, *file_, offset, size, result, scratch);
  }

 private:
  Volume& volume_;
  const FilePtr file_;
};

class WritableFile final : public rocksdb::FSWritableFile {
 public:
  WritableFile(Volume& volume, FilePtr file) : volume_(volume), file_(std::move(file)) {}
  using FSWritableFile::Append;
  IOStatus Append(const Slice& data, const IOOptions&, IODebugContext*) override {
    return ToStatus(volume_.Append(*file_, data.ToStringView()), "append");
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions&, IODebugContext*) override {
    if (size == volume_.SizeOf(*file_)) return IOStatus::OK();
    return ToStatus(volume_.Truncate(*file_, size), "truncate");
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    return ToStatus(volume_.Sync(*file_), "sync");
  }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
    return volume_.SizeOf(*file_);
  }

 private:
  Volume& volume_;
  const FilePtr file_;
};

class Directory final : public rocksdb::FSDirectory {
 public:
  Directory(Volume& volume, std::string path) : volume_(volume), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return ToStatus(volume_.SyncDirectory(path_), path_);
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

 private:
  Volume& volume_;
  const std::string path_;
};

class Silence final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

class Lock final : public rocksdb::FileLock {};

std::string WithoutSlash(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// Directories exist when someone says so; only their entries are kept.
class VolumeFileSystem final : public rocksdb::FileSystem {
 public:
  explicit VolumeFileSystem(Volume& volume) : volume_(volume) {}
  const char* Name() const override { return "Volume"; }

  IOStatus NewSequentialFile(const std::string& name, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* result,
                             IODebugContext*) override {
    return Make<SequentialFile>(name, /*create=*/false, result);
  }
  IOStatus NewRandomAccessFile(const std::string& name, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                               IODebugContext*) override {
    return Make<RandomAccessFile>(name, /*create=*/false, result);
  }
  IOStatus NewWritableFile(const std::string& name, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* result,
                           IODebugContext*) override {
    return Make<WritableFile>(name, /*create=*/true, result);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) override {
    *result = std::make_unique<Directory>(volume_, WithoutSlash(name));
    return IOStatus::OK();
  }
  IOStatus FileExists(const std::string& name, const IOOptions&, IODebugContext*) override {
    if (volume_.off()) return ToStatus(-EIO, name);
    return volume_.Exists(name) ? IOStatus::OK() : IOStatus::NotFound();
  }
  IOStatus GetChildren(const std::string& name, const IOOptions&, std::vector<std::string>* result,
                       IODebugContext*) override {
    if (volume_.off()) return ToStatus(-EIO, name);
    *result = volume_.List(WithoutSlash(name));
    return IOStatus::OK();
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions&, IODebugContext*) override {
    return ToStatus(volume_.Remove(name), name);
  }
  IOStatus CreateDir(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus CreateDirIfMissing(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus DeleteDir(const std::string&, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK();
  }
  IOStatus GetFileSize(const std::string& name, const IOOptions&, std::uint64_t* size,
                       IODebugContext*) override {
    if (volume_.off()) return ToStatus(-EIO, name);
    const std::int64_t result = volume_.SizeOf(name);
    *size = result < 0 ? 0 : static_cast<std::uint64_t>(result);
    return ToStatus(result, name);
  }
  IOStatus GetFileModificationTime(const std::string&, const IOOptions&, std::uint64_t* time,
                                   IODebugContext*) override {
    *time = 0;
    return IOStatus::OK();
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return ToStatus(volume_.Rename(from, to), from);
  }
  // The engine's own lock is on the real data directory.
  IOStatus LockFile(const std::string&, const IOOptions&, rocksdb::FileLock** lock,
                    IODebugContext*) override {
    *lock = new Lock;
    return IOStatus::OK();
  }
  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    delete lock;
    return IOStatus::OK();
  }
  IOStatus GetTestDirectory(const IOOptions&, std::string*, IODebugContext*) override {
    return IOStatus::NotSupported("no test directory");
  }
  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* result,
                     IODebugContext*) override {
    *result = std::make_shared<Silence>();
    return IOStatus::OK();
  }
  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* result,
                           IODebugContext*) override {
    *result = path;
    return IOStatus::OK();
  }
  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* result,
                       IODebugContext*) override {
    *result = !volume_.Exists(path);
    return IOStatus::OK();
  }

 private:
  template <class File, class Base>
  IOStatus Make(const std::string& name, bool create, std::unique_ptr<Base>* result) {
    FilePtr file;
    const int opened = volume_.Open(name, create, /*fresh=*/create, file);
    if (opened < 0) return ToStatus(opened, name);
    *result = std::make_unique<File>(volume_, std::move(file));
    return IOStatus::OK();
  }

  Volume& volume_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> NewVolumeFileSystem(Volume& volume) {
  return std::make_shared<VolumeFileSystem>(volume);
}

}  // namespace blobgate::engine::model
