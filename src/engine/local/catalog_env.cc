#include "engine/local/catalog_env.h"

#include <rocksdb/file_system.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include "engine/local/catalog_log.h"

namespace blobgate::engine {
namespace {

using HasRoom = std::function<bool()>;

class CatalogFile final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  CatalogFile(std::unique_ptr<rocksdb::FSWritableFile> file, HasRoom has_room)
      : FSWritableFileOwnerWrapper(std::move(file)), has_room_(std::move(has_room)) {}

  void PrepareWrite(std::size_t offset, std::size_t length, const rocksdb::IOOptions& options,
                    rocksdb::IODebugContext* context) override {
    if (has_room_()) FSWritableFileOwnerWrapper::PrepareWrite(offset, length, options, context);
  }

 private:
  const HasRoom has_room_;
};

class CatalogFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  CatalogFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base, HasRoom has_room)
      : FileSystemWrapper(base), has_room_(std::move(has_room)), log_files_(base, has_room_) {}
  const char* Name() const override { return "BlobgateCatalog"; }

  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext* context) override {
    if (IsCatalogLog(name)) return OpenLog(*target(), name, options, result, context);
    return FileSystemWrapper::NewSequentialFile(name, options, result, context);
  }
  rocksdb::IOStatus GetFileSize(const std::string& name, const rocksdb::IOOptions& options,
                                std::uint64_t* size, rocksdb::IODebugContext* context) override {
    if (IsCatalogLog(name)) return FindEndOfLog(*target(), name, size);
    return FileSystemWrapper::GetFileSize(name, options, size, context);
  }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* context) override {
    if (IsCatalogLog(name)) {
      *result = log_files_.Make(name, options);
      if (*result) return rocksdb::IOStatus::OK();
    }
    return Wrap(FileSystemWrapper::NewWritableFile(name, options, result, context), result);
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext* context) override {
    return Wrap(FileSystemWrapper::ReopenWritableFile(name, options, result, context), result);
  }
  rocksdb::IOStatus ReuseWritableFile(const std::string& name, const std::string& old_name,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* result,
                                      rocksdb::IODebugContext* context) override {
    return Wrap(FileSystemWrapper::ReuseWritableFile(name, old_name, options, result, context),
                result);
  }

 private:
  rocksdb::IOStatus Wrap(rocksdb::IOStatus status,
                         std::unique_ptr<rocksdb::FSWritableFile>* result) {
    if (status.ok()) *result = std::make_unique<CatalogFile>(std::move(*result), has_room_);
    return status;
  }

  const HasRoom has_room_;
  LogFiles log_files_;
};

class CatalogLogger final : public rocksdb::Logger {
 public:
  CatalogLogger() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, arguments);
  }
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < rocksdb::InfoLogLevel::WARN_LEVEL || level > rocksdb::InfoLogLevel::FATAL_LEVEL) {
      return;
    }
    std::array<char, 1024> text{};
    const int size = std::vsnprintf(text.data(), text.size(), format, arguments);
    if (size <= 0) return;
    std::string_view line(text.data(), std::min(text.size() - 1, static_cast<std::size_t>(size)));
    if (line.ends_with('\n')) line.remove_suffix(1);
    const bool error = level >= rocksdb::InfoLogLevel::ERROR_LEVEL;
    spdlog::log(error ? spdlog::level::err : spdlog::level::warn, "catalog: {}", line);
  }
};

}  // namespace

std::unique_ptr<rocksdb::Env> MakeCatalogEnv(rocksdb::Env* base, HasRoom has_room) {
  rocksdb::Env* const env = base != nullptr ? base : rocksdb::Env::Default();
  auto files = std::make_shared<CatalogFileSystem>(env->GetFileSystem(), std::move(has_room));
  return rocksdb::NewCompositeEnv(std::move(files));
}

std::shared_ptr<rocksdb::Logger> MakeCatalogLogger() {
  return std::make_shared<CatalogLogger>();
}

}  // namespace blobgate::engine
