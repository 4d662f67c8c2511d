#include "server/durable_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

namespace blobgate::server {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  const int fd_;
};

std::unexpected<Error> Failed(const std::string& path) {
  const Errc code = errno == ENOSPC || errno == EDQUOT ? Errc::kNoSpace : Errc::kIoError;
  return Fail(code, path + ": " + std::strerror(errno));
}

bool WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// The mode as it is asked for, whatever the umask.
bool SetAccess(int fd, FileAccess access) {
  constexpr auto kKeep = static_cast<gid_t>(-1);
  const bool owned =
      access.group == kKeep || ::fchown(fd, static_cast<uid_t>(-1), access.group) == 0;
  return owned && ::fchmod(fd, access.mode) == 0;
}

}  // namespace

Status ReplaceFile(const std::string& path, std::string_view content, FileAccess access) {
  const std::string partial = path + ".new";
  ::unlink(partial.c_str());  // of a run that crashed
  {
    const Descriptor file(
        ::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.open()) return Failed(partial);
    if (!WriteAll(file.get(), content) || !SetAccess(file.get(), access) ||
        ::fsync(file.get()) != 0) {
      auto failed = Failed(partial);
      ::unlink(partial.c_str());
      return failed;
    }
  }
  if (std::rename(partial.c_str(), path.c_str()) != 0) return Failed(path);
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const Descriptor parent(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!parent.open() || ::fsync(parent.get()) != 0) return Failed(directory);
  return {};
}

}  // namespace blobgate::server
