// The operator's side: requests at the admin socket, and accounts.json. A first byte `f`: the rest
// is that file; otherwise each line is a request to a real socket, answered by one line.
#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "config/schema.h"
#include "fuzz/input.h"
#include "server/account_commands.h"
#include "server/account_file.h"
#include "server/account_registry.h"
#include "server/admin_server.h"

namespace {

using namespace blobgate;
using fuzz::Require;
using nlohmann::json;

/// Goes with the process.
class Directory {
 public:
  Directory() {
    char name[] = "/tmp/blobgate-fuzz-XXXXXX";
    Require(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string File(const char* name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A daemon's admin socket with the commands of accounts, and a connection to it.
class Admin {
 public:
  Admin() {
    spdlog::set_level(spdlog::level::off);
    config::Config config;
    config.engine.data_dir = directory_.File("");
    config.listeners = {{.address = "127.0.0.1"}};
    auto registry = server::AccountRegistry::Open(config);
    Require(registry.has_value());
    registry_ = std::move(*registry);
    server::AddAccountCommands(server_, *registry_, [](const std::string& name) {
      return Result<std::size_t>(name.size() % 2);
    });
    const std::string path = directory_.File("admin.sock");
    Require(server_.Start(path).has_value());
    socket_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Require(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  }
  ~Admin() {
    ::close(socket_);
    server_.Stop();
  }

  json Ask(std::string line) {
    line += '\n';
    Require(::send(socket_, line.data(), line.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(line.size()));
    std::string answer;
    char piece[4096];
    while (!answer.ends_with('\n')) {
      const auto got = ::recv(socket_, piece, sizeof piece, 0);
      if (got < 0 && errno == EINTR) continue;  // by the fuzzer's timer
      Require(got > 0);
      answer.append(piece, static_cast<std::size_t>(got));
    }
    Require(answer.find('\n') == answer.size() - 1);
    return json::parse(answer);
  }

  /// So that one input does not depend on those before it.
  void Forget() {
    for (const auto& [account, by_command] : registry_->List()) {
      if (by_command) Require(registry_->Remove(account.name).has_value());
    }
  }

  const Directory& directory() const { return directory_; }

 private:
  Directory directory_;
  std::unique_ptr<server::AccountRegistry> registry_;
  server::AdminServer server_;
  int socket_ = -1;
};

void CheckFile(const Directory& directory, std::string_view text) {
  const std::string path = directory.File("given.json");
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  Require(file >= 0 &&
          ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(file);
  const auto accounts = server::LoadAccountFile(path);
  if (!accounts) return;
  Require(server::SaveAccountFile(path, *accounts).has_value());
  const auto again = server::LoadAccountFile(path);
  Require(again && again->size() == accounts->size());
  for (std::size_t i = 0; i < again->size(); ++i) {
    Require(config::WriteAccount((*again)[i], config::Which::kAll) ==
            config::WriteAccount((*accounts)[i], config::Which::kAll));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Admin admin;
  std::string_view text = fuzz::TextOf(data, size);
  if (text.size() > 60'000) return 0;  // a longer line ends the connection
  if (text.starts_with('f')) {
    CheckFile(admin.directory(), text.substr(1));
    return 0;
  }
  while (!text.empty()) {
    const json answer = admin.Ask(std::string(fuzz::TakeLine(text)));
    Require(answer.at("ok").is_boolean());
    Require(answer.contains(answer["ok"] == true ? "result" : "error"));
  }
  admin.Forget();
  return 0;
}
