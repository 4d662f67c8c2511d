// blobgate diag: what somebody needs who is asked for help, in one file and without secrets.
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "cli/commands.h"
#include "server/admin_client.h"

namespace blobgate::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLogTail = 1024 * 1024;  ///< of each log, bytes
constexpr const char* kFooter =
    "In it: versions, the configuration in force without keys, names and settings of accounts,\n"
    "figures of store and requests, metrics, the names and sizes of the store's files, facts of\n"
    "the system, and the end of the logs that are named with --log, with signatures taken out.\n"
    "No key, no signature, no content. Logs name accounts, containers,\n"
    "blobs and addresses of clients: leave them out where these are confidential.";

struct Options {
  std::string data_dir = "/var/lib/blobgate";
  std::string output;
  std::vector<std::string> logs;
};

std::string ReadTail(const fs::path& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return "cannot be read\n";
  const auto size = static_cast<std::size_t>(in.tellg());
  in.seekg(static_cast<std::streamoff>(size > kLogTail ? size - kLogTail : 0));
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Of a file of /proc, whose size is not known.
std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

std::string System(const Options& options) {
  std::ostringstream out;
  utsname names{};
  if (::uname(&names) == 0) {
    out << names.sysname << ' ' << names.release << ' ' << names.version << ' ' << names.machine
        << '\n';
  }
  std::error_code ec;
  const fs::space_info space = fs::space(options.data_dir, ec);
  if (!ec) out << "\nstore: " << space.capacity << " bytes, " << space.available << " free\n";
  for (const char* file : {"/etc/os-release", "/proc/meminfo", "/proc/loadavg", "/proc/mounts",
                           "/proc/sys/kernel/io_uring_disabled"}) {
    out << "\n== " << file << '\n' << ReadAll(file);
  }
  return out.str();
}

std::string Files(const Options& options) {
  std::ostringstream out;
  std::error_code ec;
  fs::recursive_directory_iterator entry(options.data_dir, ec);
  for (; !ec && entry != fs::recursive_directory_iterator(); entry.increment(ec)) {
    struct stat facts{};
    if (::lstat(entry->path().c_str(), &facts) != 0) continue;
    out << std::oct << facts.st_mode << std::dec << ' ' << facts.st_uid << ' ' << facts.st_size
        << ' ' << facts.st_blocks * 512 << ' ' << entry->path().string() << '\n';
  }
  if (ec) out << options.data_dir << ": " << ec.message() << '\n';
  return out.str();
}

/// Its answer, or why there is none.
std::string Asked(const Options& options, const char* command) {
  const auto answer = server::AskDaemon(options.data_dir, {{"command", command}});
  if (!answer) return "no answer: " + answer.error().detail + "\n";
  if (answer->is_object() && answer->contains("text")) return (*answer)["text"].get<std::string>();
  return answer->dump(2) + "\n";
}

Status Write(const fs::path& directory, const std::string& name, std::string_view text) {
  std::ofstream out(directory / name, std::ios::binary);
  out << text;
  out.close();
  if (!out) return Fail(Errc::kIoError, (directory / name).string() + ": cannot be written");
  return {};
}

Status Gather(const Options& options, const fs::path& directory) {
  BG_CHECK(Write(directory, "version.txt", "blobgate " BLOBGATE_VERSION "\n"));
  BG_CHECK(Write(directory, "system.txt", System(options)));
  BG_CHECK(Write(directory, "files.txt", Files(options)));
  BG_CHECK(Write(directory, "configuration.json", Asked(options, "configuration")));
  BG_CHECK(Write(directory, "accounts.json", Asked(options, "account-list")));
  BG_CHECK(Write(directory, "stats.json", Asked(options, "stats")));
  BG_CHECK(Write(directory, "requests.json", Asked(options, "requests")));
  BG_CHECK(Write(directory, "metrics.txt", Asked(options, "metrics")));
  for (std::size_t i = 0; i < options.logs.size(); ++i) {
    const std::string name =
        std::to_string(i) + "-" + fs::path(options.logs[i]).filename().string();
    BG_CHECK(Write(directory, "log-" + name, RedactSecrets(ReadTail(options.logs[i]))));
  }
  return {};
}

Status Pack(const fs::path& parent, const std::string& name, const std::string& output) {
  const pid_t child = ::fork();
  if (child < 0) return Fail(Errc::kIoError, "no process for tar");
  if (child == 0) {
    ::execlp("tar", "tar", "-czf", output.c_str(), "-C", parent.c_str(), name.c_str(), nullptr);
    std::_Exit(127);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return Fail(Errc::kIoError, output + ": tar could not make it");
  }
  return {};
}

std::string NameNow() {
  std::string time = FormatIso8601(SystemClock().Now()).substr(0, 19);
  std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
  return "blobgate-diag-" + time;
}

Status Make(Options& options) {
  const std::string name = NameNow();
  if (options.output.empty()) options.output = name + ".tar.gz";
  options.output = fs::absolute(options.output).string();
  std::string parent = (fs::temp_directory_path() / "blobgate-diag-XXXXXX").string();
  if (::mkdtemp(parent.data()) == nullptr) return Fail(Errc::kIoError, parent);
  const fs::path directory = fs::path(parent) / name;
  ::umask(0077);
  std::error_code ec;
  fs::create_directory(directory, ec);
  Status done = ec ? Fail(Errc::kIoError, directory.string() + ": " + ec.message())
                   : Gather(options, directory);
  if (done) done = Pack(parent, name, options.output);
  fs::remove_all(parent, ec);
  return done;
}

int Run(Options options) {
  if (const Status made = Make(options); !made) {
    std::fprintf(stderr, "blobgate diag: %s\n", made.error().detail.c_str());
    return 1;
  }
  std::printf("%s\n", options.output.c_str());
  return 0;
}

}  // namespace

void AddDiag(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("diag", "Collect what helps to find a fault, without secrets");
  command->add_option("--data-dir", options->data_dir, "The store")->capture_default_str();
  command->add_option("--output", options->output,
                      "File to make; else one here, named by the time");
  command->add_option("--log", options->logs, "A log whose end goes along; again for more")
      ->allow_extra_args(false);
  command->footer(kFooter);
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

}  // namespace blobgate::cli
