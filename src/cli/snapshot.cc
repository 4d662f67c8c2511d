// blobgate snapshot: a copy of the whole store, made by the daemon that serves it or without one.
#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "cli/commands.h"
#include "engine/local/local_engine.h"
#include "server/admin_client.h"
#include "server/admin_commands.h"

namespace blobgate::cli {
namespace {

using nlohmann::json;

struct Options {
  std::string data_dir;
  std::string target;
};

constexpr const char* kFooter =
    "The target must not exist, or be empty. Segments are cloned or hard-linked where the file\n"
    "system can, else copied. While the snapshot exists, the space of what is deleted in segments\n"
    "that it shares does not come back.\n"
    "To check a snapshot: blobgate verify DIRECTORY.\n"
    "To restore: stop the daemon, move its data directory away, move or copy (cp -a) the snapshot\n"
    "to its place, start the daemon. A snapshot is an ordinary data directory.";

/// When no daemon serves the store.
Result<json> TakeOffline(const Options& options) {
  std::error_code ec;
  if (!std::filesystem::exists(options.data_dir + "/FORMAT", ec)) {
    return Fail(Errc::kNotFound, options.data_dir + " holds no blobgate store");
  }
  engine::LocalOptions local;
  local.data_dir = options.data_dir;
  BG_TRY(const auto engine, engine::OpenLocalEngine(local));
  BG_TRY(const auto report, server::SnapshotStore(*engine, options.data_dir, options.target));
  return server::AsJson(report);
}

int Run(Options options) {
  (void)SetUpLog({.level = "error"});
  options.target = std::filesystem::absolute(options.target).lexically_normal().string();
  const json request{{"command", "snapshot"}, {"target", options.target}};
  auto taken = server::AskDaemon(options.data_dir, request);
  if (!taken && taken.error().code == Errc::kNotFound) taken = TakeOffline(options);
  if (!taken) {
    std::fprintf(stderr, "blobgate: %s: %s\n", std::string(ErrcName(taken.error().code)).c_str(),
                 taken.error().detail.c_str());
    return 1;
  }
  std::printf("%s: %s\n", options.target.c_str(), taken->dump().c_str());
  return 0;
}

}  // namespace

void AddSnapshot(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "snapshot", "Make a copy of the whole store at one moment, also while a daemon serves it");
  command->add_option("--data-dir", options->data_dir, "The store")->required();
  command->add_option("--to", options->target, "Directory of the snapshot")->required();
  command->footer(kFooter);
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

}  // namespace blobgate::cli
