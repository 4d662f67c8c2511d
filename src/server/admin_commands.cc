#include "server/admin_commands.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "server/account_file.h"
#include "server/encryption_key_file.h"

namespace blobgate::server {
namespace {

using nlohmann::json;

Result<json> Snapshot(engine::Engine& engine, const std::string& data_dir, const json& request,
                      const std::stop_token& stop) {
  const std::string target = request.value("target", json()).is_string() ? request["target"] : "";
  if (!target.starts_with('/')) {
    return Fail(Errc::kInvalidArgument, "target: an absolute path is needed");
  }
  spdlog::info("snapshot to {}", target);
  auto report = SnapshotStore(engine, data_dir, target, stop);
  if (!report) {
    spdlog::error("snapshot to {}: {}", target, report.error().detail);
    return std::unexpected(std::move(report).error());
  }
  spdlog::info("snapshot to {}: done, {} segments", target, report->segments);
  return AsJson(*report);
}

Result<json> Scrub(engine::Engine& engine) {
  BG_CHECK(engine::RequestScrub(engine));
  return json{{"last_scrub", engine.Stats().last_scrub}};
}

}  // namespace

json AsJson(const engine::SnapshotReport& report) {
  return {{"segments", report.segments},
          {"linked", report.linked},
          {"cloned", report.cloned},
          {"copied_bytes", report.copied_bytes}};
}

json AsJson(const engine::EngineStats& stats) {
  return {{"segments", stats.segments},
          {"segment_bytes", stats.segment_bytes},
          {"live_bytes", stats.live_bytes},
          {"disk_free_bytes", stats.disk_free_bytes},
          {"disk_size_bytes", stats.disk_size_bytes},
          {"commits", stats.commits},
          {"commit_groups", stats.commit_groups},
          {"corruption_errors", stats.corruption_errors},
          {"garbage_bytes", stats.garbage_bytes},
          {"reclaimed_bytes", stats.reclaimed_bytes},
          {"holes_punched", stats.holes_punched},
          {"rewritten_segments", stats.rewritten_segments},
          {"rewritten_bytes", stats.rewritten_bytes},
          {"scrubbed_bytes", stats.scrubbed_bytes},
          {"scrub_running", stats.scrub_running},
          {"scrub_pass_bytes", stats.scrub_pass_bytes},
          {"damaged_extents", stats.damaged_extents},
          {"last_scrub", stats.last_scrub},
          {"recovery_seconds", stats.recovery_seconds},
          {"read_only", stats.read_only}};
}

Result<engine::SnapshotReport> SnapshotStore(engine::Engine& engine, const std::string& data_dir,
                                             const std::string& target,
                                             const std::stop_token& stop) {
  BG_TRY(const auto report, engine::TakeSnapshot(engine, target, stop));
  BG_CHECK(CopyAccountFile(data_dir, target));
  BG_CHECK(CopyEncryptionKeyFile(data_dir, target));
  return report;
}

void AddEngineCommands(AdminServer& admin, engine::Engine& engine, const std::string& data_dir) {
  admin.Handle("stats", [&engine](const json&, std::stop_token) -> Result<json> {
    return AsJson(engine.Stats());
  });
  admin.Handle("scrub",
               [&engine](const json&, std::stop_token) -> Result<json> { return Scrub(engine); });
  admin.Handle("snapshot",
               [&engine, data_dir](const json& request, std::stop_token stop) -> Result<json> {
                 return Snapshot(engine, data_dir, request, stop);
               });
}

}  // namespace blobgate::server
