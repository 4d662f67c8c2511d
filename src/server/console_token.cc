#include "server/console_token.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "base/encoding.h"
#include "base/secret_file.h"
#include "console/sessions.h"
#include "server/durable_file.h"

namespace blobgate::server {
namespace {

constexpr std::string_view kPrefix = "sha256:";

std::string FileOf(const std::string& data_dir) {
  return data_dir + "/console.token";
}

}  // namespace

Sha256Digest DigestOfConsoleToken(const std::string& token) {
  return Sha256Of(AsBytes(token));
}

Result<std::optional<Sha256Digest>> LoadConsoleToken(const std::string& data_dir) {
  const std::string path = FileOf(data_dir);
  std::error_code ec;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ec))) {
    return std::optional<Sha256Digest>();
  }
  BG_TRY(const std::string text, ReadSecretFile(path));
  Sha256Digest digest;
  std::string_view line = std::string_view(text).substr(0, text.find('\n'));
  if (!line.starts_with(kPrefix)) line = {};
  const auto raw = Base64UrlDecode(line.substr(std::min(kPrefix.size(), line.size())));
  if (!raw || raw->size() != digest.size()) {
    return Fail(Errc::kInvalidArgument, path + ": is not what `blobgate console-token` writes");
  }
  std::ranges::copy(AsBytes(*raw), digest.begin());
  return std::optional(digest);
}

Result<std::string> NewConsoleToken(const std::string& data_dir) {
  std::string token = console::RandomText();
  const std::string digest = Base64UrlEncode(DigestOfConsoleToken(token));
  BG_CHECK(ReplaceFile(FileOf(data_dir), std::string(kPrefix) + digest + "\n"));
  return token;
}

}  // namespace blobgate::server
