// blobgate console-token: a new token for the console of a running daemon.
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "server/admin_client.h"

namespace blobgate::cli {
namespace {

int Run(const std::string& data_dir) {
  const auto made = server::AskDaemon(data_dir, {{"command", "console-token"}});
  if (!made) {
    std::fprintf(stderr, "blobgate console-token: %s\n", made.error().detail.c_str());
    return 1;
  }
  std::printf("%s\n", made->value("token", "").c_str());
  return 0;
}

}  // namespace

void AddConsoleToken(CLI::App& app, int& exit_code) {
  auto data_dir = std::make_shared<std::string>("/var/lib/blobgate");
  auto* command = app.add_subcommand(
      "console-token", "Make and print the token for the console; the one before ends");
  command->add_option("--data-dir", *data_dir, "The store of the daemon")->capture_default_str();
  command->callback([data_dir, &exit_code] { exit_code = Run(*data_dir); });
}

}  // namespace blobgate::cli
