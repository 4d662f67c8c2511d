#include "base/secret_file.h"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>

namespace blobgate {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

bool IsCredential(std::string_view path) {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory == '\0' || !path.starts_with(directory)) return false;
  path.remove_prefix(std::strlen(directory));
  return path.starts_with('/') && path.rfind('/') == 0;
}

bool OthersMayRead(std::FILE* file) {
  struct stat status{};
  return fstat(fileno(file), &status) != 0 || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

}  // namespace

Result<std::string> ReadSecretFile(const std::string& path, std::size_t largest) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (!file) return Fail(Errc::kNotFound, path + ": " + std::strerror(errno));
  if (!IsCredential(path) && OthersMayRead(file.get())) {
    return Fail(Errc::kInvalidArgument, path + ": others may read it; its mode must be 0600");
  }
  std::string content;
  std::array<char, 4096> piece;
  while (const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get())) {
    content.append(piece.data(), got);
    if (content.size() > largest) return Fail(Errc::kInvalidArgument, path + ": is too large");
  }
  if (std::ferror(file.get()) != 0)
    return Fail(Errc::kNotFound, path + ": " + std::strerror(errno));
  return content;
}

}  // namespace blobgate
