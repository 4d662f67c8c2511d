#include "engine/local/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <spdlog/fmt/fmt.h>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

#include "engine/local/disk.h"

namespace blobgate::engine {
namespace {

constexpr std::string_view kFormatPrefix = "blobgate data ";

Error SystemError(std::string_view what) {
  return {errno == ENOSPC ? Errc::kNoSpace : Errc::kIoError,
          fmt::format("{}: {}", what, std::generic_category().message(errno))};
}

Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) == 0) {
    const std::string parent = std::filesystem::path(path).parent_path().string();
    const int synced = SystemDisk().SyncDirectory(parent.empty() ? "." : parent);
    if (synced == 0) return {};
    errno = -synced;
  } else if (errno == EEXIST) {
    return {};
  }
  return std::unexpected(SystemError(path));
}

std::optional<std::uint64_t> ParseFormat(std::string_view text) {
  if (!text.starts_with(kFormatPrefix) || !text.ends_with('\n')) return std::nullopt;
  text.remove_prefix(kFormatPrefix.size());
  text.remove_suffix(1);
  std::uint64_t version = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), version);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return version;
}

Status WriteAndSync(const std::string& path, std::string_view text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return std::unexpected(SystemError(path));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && ::fsync(fd) == 0;
  Status status;
  if (!synced) status = std::unexpected(SystemError(path));
  ::close(fd);
  return status;
}

}  // namespace

Result<std::unique_ptr<DataDir>> DataDir::Open(const std::string& path) {
  if (path.empty()) return Fail(Errc::kInvalidArgument, "no data directory given");
  BG_CHECK(MakeDirectory(path));
  const std::string lock_file = path + "/LOCK";
  const int fd = ::open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return std::unexpected(SystemError(lock_file));
  std::unique_ptr<DataDir> dir(new DataDir(path, fd));
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return Fail(Errc::kUnavailable, path + " is in use by another process");
  }
  BG_CHECK(dir->CheckFormat());
  BG_CHECK(MakeDirectory(dir->catalog()));
  BG_CHECK(MakeDirectory(dir->segments()));
  return dir;
}

Result<std::unique_ptr<DataDir>> DataDir::OpenExisting(const std::string& path) {
  std::error_code ec;
  if (!std::filesystem::exists(path + "/FORMAT", ec)) {
    return Fail(Errc::kNotFound, path + " holds no blobgate store");
  }
  return Open(path);
}

DataDir::~DataDir() {
  ::close(lock_fd_);
}

Status DataDir::CheckFormat() {
  const std::string file = path_ + "/FORMAT";
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (std::filesystem::exists(file)) return Fail(Errc::kIoError, file + " cannot be read");
    BG_CHECK(CheckEmpty());
    return WriteFormat(kFirstVersion);
  }
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto version = ParseFormat(text);
  if (!version) return Fail(Errc::kCorruption, file + " is not a format file");
  if (*version > kFormatVersion) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} has format {}, this program knows up to {}",
                                                    path_, *version, kFormatVersion));
  }
  version_ = *version;
  return {};
}

Status DataDir::Require(std::uint64_t version) {
  return version_ >= version ? Status() : WriteFormat(version);
}

// Only a directory that is empty but for the lock becomes a store: anything else may be someone's.
Status DataDir::CheckEmpty() const {
  std::error_code error;
  std::filesystem::directory_iterator entry(path_, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name != "LOCK" && name != "FORMAT.new" && name != "lost+found") {
      return Fail(Errc::kInvalidArgument, path_ + " is not empty and has no FORMAT file");
    }
  }
  if (error) return Fail(Errc::kIoError, path_ + ": " + error.message());
  return {};
}

Status DataDir::WriteFormat(std::uint64_t version) {
  BG_CHECK(MarkAsStore(path_, version));
  version_ = version;
  return {};
}

Status DataDir::MarkAsStore(const std::string& path, std::uint64_t version) {
  const std::string draft = path + "/FORMAT.new";
  BG_CHECK(WriteAndSync(draft, fmt::format("{}{}\n", kFormatPrefix, version)));
  if (::rename(draft.c_str(), (path + "/FORMAT").c_str()) != 0) {
    return std::unexpected(SystemError(draft));
  }
  const int synced = SystemDisk().SyncDirectory(path);
  if (synced == 0) return {};
  errno = -synced;
  return std::unexpected(SystemError(path));
}

}  // namespace blobgate::engine
