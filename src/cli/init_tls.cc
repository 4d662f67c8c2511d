// blobgate init-tls: a private CA and the server's certificate, for sites without a CA.
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret_file.h"
#include "cli/commands.h"
#include "config/config.h"
#include "server/durable_file.h"
#include "server/private_ca.h"

namespace blobgate::cli {
namespace {

namespace fs = std::filesystem;
using server::CertificateNames;
using server::PrivateCa;

constexpr std::chrono::days kCaValid{3650};
constexpr const char* kFooter =
    "Names are localhost, 127.0.0.1, ::1, this machine's name, *.SUFFIX for the suffixes of the\n"
    "configuration (but for those of Azure itself, which must be named), and what --name adds.\n"
    "Run again, it keeps the CA and makes a new certificate for the names it is given then; the\n"
    "daemon takes it at its next reload. Keep ca.key away from others: who has it can pose as any\n"
    "server before everybody who trusts ca.pem.";

struct Options {
  std::string directory = "/etc/blobgate/tls";
  std::string config_file;
  std::vector<std::string> names;
  int days = 825;  // more is refused by some clients
};

struct Files {
  explicit Files(const fs::path& d)
      : ca(d / "ca.pem"), ca_key(d / "ca.key"), server(d / "server.pem"), key(d / "server.key") {}
  std::string ca;
  std::string ca_key;
  std::string server;
  std::string key;
};

Result<CertificateNames> NamesOf(const Options& options) {
  CertificateNames names;
  for (const char* name : {"localhost", "127.0.0.1", "::1"}) BG_CHECK(names.Add(name));
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0) {
    (void)names.Add(host.data());  // what is no host name for a certificate is left out
  }
  config::Config config;
  if (!options.config_file.empty()) {
    BG_TRY(config, config::Load(options.config_file));
  }
  for (const auto* suffixes : {&config.suffixes, &config.web_suffixes}) {
    for (const std::string& suffix : *suffixes) {
      if (!suffix.ends_with(".core.windows.net")) BG_CHECK(names.Add("*." + suffix));
    }
  }
  for (const std::string& name : options.names) BG_CHECK(names.Add(name));
  return names;
}

Result<PrivateCa> OpenCa(const Files& files) {
  std::error_code ec;
  const bool has_certificate = fs::exists(files.ca, ec);
  if (has_certificate != fs::exists(files.ca_key, ec)) {
    return Fail(Errc::kConflict, "of " + files.ca + " and " + files.ca_key + " one is missing");
  }
  if (!has_certificate) return PrivateCa::Make("blobgate private CA", kCaValid);
  BG_TRY(const std::string key, ReadSecretFile(files.ca_key));
  std::ifstream in(files.ca);
  const std::string certificate((std::istreambuf_iterator<char>(in)), {});
  auto ca = PrivateCa::Read(certificate, key);
  if (!ca) return Fail(ca.error().code, files.ca + ", " + files.ca_key + ": " + ca.error().detail);
  return ca;
}

/// The group of the directory that holds `directory` may read the server's key: the daemon's, in
/// /etc/blobgate.
Result<gid_t> PrepareDirectory(const fs::path& directory) {
  std::error_code ec;
  fs::create_directories(directory, ec);
  if (ec) return Fail(Errc::kIoError, directory.string() + ": " + ec.message());
  struct stat facts{};
  if (::stat(directory.parent_path().c_str(), &facts) != 0) {
    return Fail(Errc::kIoError, directory.parent_path().string() + ": cannot be read");
  }
  return facts.st_gid;
}

Result<CertificateNames> Make(const Options& options) {
  BG_TRY(const CertificateNames names, NamesOf(options));
  const fs::path directory = fs::absolute(options.directory).lexically_normal();
  BG_TRY(const gid_t group, PrepareDirectory(directory));
  const Files files(directory);
  BG_TRY(const PrivateCa ca, OpenCa(files));
  BG_TRY(const auto issued, ca.Issue(names, std::chrono::days(options.days)));
  std::error_code ec;
  if (!fs::exists(files.ca, ec)) {
    BG_CHECK(server::ReplaceFile(files.ca_key, ca.Key()));
    BG_CHECK(server::ReplaceFile(files.ca, ca.Certificate(), {.mode = 0644}));
  }
  BG_CHECK(server::ReplaceFile(files.key, issued.key, {.mode = 0640, .group = group}));
  BG_CHECK(server::ReplaceFile(files.server, issued.certificate, {.mode = 0644}));
  return names;
}

void Print(const Options& options, const CertificateNames& names) {
  const Files files(fs::absolute(options.directory).lexically_normal());
  std::printf("%s: valid %d days, for\n", files.server.c_str(), options.days);
  for (const auto* list : {&names.dns, &names.addresses}) {
    for (const std::string& name : *list) std::printf("  %s\n", name.c_str());
  }
  std::printf(
      "\nIn the configuration of the daemon:\n\n"
      "  \"listeners\": [{\"address\": \"0.0.0.0\", \"port\": 443, \"tls\": true}],\n"
      "  \"tls\": {\"certificate_file\": \"%s\",\n          \"key_file\": \"%s\"},\n",
      files.server.c_str(), files.key.c_str());
  std::printf(
      "\nClients trust it by the CA's certificate. On Debian, for AzCopy and most SDKs:\n\n"
      "  cp %s /usr/local/share/ca-certificates/blobgate.crt && update-ca-certificates\n",
      files.ca.c_str());
}

int Run(const Options& options) {
  const auto names = Make(options);
  if (!names) {
    std::fprintf(stderr, "blobgate init-tls: %s\n", names.error().detail.c_str());
    return 1;
  }
  Print(options, *names);
  return 0;
}

}  // namespace

void AddInitTls(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("init-tls", "Make a private CA and the server's certificate");
  command->add_option("--directory", options->directory, "Where ca.pem and the others go")
      ->capture_default_str();
  command->add_option("--config", options->config_file,
                      "The daemon's configuration, for its names");
  command->add_option("--name", options->names, "A further host name or address; again for more")
      ->allow_extra_args(false);
  command->add_option("--days", options->days, "How long the server's certificate is valid")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  command->footer(kFooter);
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

}  // namespace blobgate::cli
