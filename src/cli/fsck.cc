// blobgate fsck, scrub and verify: checks of a store that nobody serves.
#include <cinttypes>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "base/log.h"
#include "cli/commands.h"
#include "cli/store_check.h"
#include "server/admin_client.h"

namespace blobgate::cli {
namespace {

using engine::Finding;
using nlohmann::json;

// What the commands exit with.
constexpr int kClean = 0;
constexpr int kRepaired = 1;
constexpr int kDamaged = 2;
constexpr int kNotRun = 3;

constexpr const char* kExitCodes =
    "Exit codes: 0 clean, 1 repaired, 2 damage remains, 3 could not run.";

struct Options {
  StoreCheckOptions check;
  std::uint64_t mib_per_second = 0;
  bool as_json = false;
};

const char* NameOf(const Finding& finding) {
  if (finding.repaired) return "repaired";
  switch (finding.severity) {
    case Finding::Severity::kNote:
      return "note";
    case Finding::Severity::kRepairable:
      return "repairable";
    case Finding::Severity::kDamage:
      break;
  }
  return "damage";
}

int ExitCodeOf(const StoreReport& report) {
  if (report.HasDamage()) return kDamaged;
  return report.HasRepairs() ? kRepaired : kClean;
}

const char* ResultOf(const StoreReport& report) {
  if (report.HasDamage()) return "damaged";
  return report.HasRepairs() ? "repaired" : "clean";
}

json AsJson(const AffectedBytes& bytes) {
  json object{{"account", bytes.account}, {"container", bytes.container}, {"blob", bytes.blob},
              {"offset", bytes.offset},   {"length", bytes.length},       {"size", bytes.size}};
  if (!bytes.block.empty()) object["uncommitted_block"] = bytes.block;
  if (bytes.deleted) object["deleted_container"] = true;
  return object;
}

json AsJson(const std::vector<AffectedBytes>& all) {
  json list = json::array();
  for (const AffectedBytes& bytes : all) list.push_back(AsJson(bytes));
  return list;
}

json AsJson(const engine::ExtentRef& ref) {
  return {{"segment", ref.space}, {"position", ref.position}, {"length", ref.length}};
}

json AsJson(const StoreFinding& found) {
  json object{{"severity", NameOf(found.finding)},
              {"what", found.finding.what},
              {"affects", AsJson(found.affected)}};
  if (!found.finding.extent) return object;
  object["extent"] = AsJson(*found.finding.extent);
  object["offset"] = found.finding.offset;
  object["length"] = found.finding.length;
  return object;
}

json AsJson(const StoreReport& report, const StoreCheckOptions& options) {
  json object{{"data_dir", options.data_dir},
              {"result", ResultOf(report)},
              {"containers", report.containers},
              {"blobs", report.blobs},
              {"uncommitted_blocks", report.uncommitted_blocks},
              {"segments", report.totals.segments},
              {"extents", report.totals.extents},
              {"references", report.totals.references},
              {"live_bytes", report.totals.live_bytes},
              {"bytes_read", report.totals.bytes_read},
              {"findings", json::array()}};
  for (const StoreFinding& found : report.findings) object["findings"].push_back(AsJson(found));
  if (!report.not_repaired.empty()) object["not_repaired"] = report.not_repaired;
  for (const ListedExtent& extent : report.extents) {
    json listed = AsJson(extent.ref);
    listed["used_by"] = AsJson(extent.used_by);
    object["extent_list"].push_back(std::move(listed));
  }
  return object;
}

void PrintAffected(const AffectedBytes& bytes) {
  std::printf("    %s/%s/%s", bytes.account.c_str(), bytes.container.c_str(), bytes.blob.c_str());
  if (!bytes.block.empty()) std::printf(", uncommitted block %s", bytes.block.c_str());
  if (bytes.deleted) std::printf(" (deleted)");
  if (bytes.length > 0) {
    std::printf(": bytes %" PRIu64 " to %" PRIu64 " of %" PRIu64, bytes.offset,
                bytes.offset + bytes.length - 1, bytes.size);
  }
  std::printf("\n");
}

void PrintText(const StoreReport& report) {
  for (const StoreFinding& found : report.findings) {
    std::printf("%s: %s\n", NameOf(found.finding), found.finding.what.c_str());
    for (const AffectedBytes& bytes : found.affected) PrintAffected(bytes);
  }
  if (!report.not_repaired.empty()) {
    std::printf("nothing was repaired: %s\n", report.not_repaired.c_str());
  }
  std::printf("%" PRIu64 " containers, %" PRIu64 " blobs, %" PRIu64 " extents with %" PRIu64
              " bytes in %" PRIu64 " segments, %" PRIu64 " bytes read: %s\n",
              report.containers, report.blobs, report.totals.extents, report.totals.live_bytes,
              report.totals.segments, report.totals.bytes_read, ResultOf(report));
}

/// The store cannot even be opened.
int ReportUnreadable(const Error& error, const Options& options) {
  const bool damaged = error.code == Errc::kCorruption;
  if (options.as_json) {
    const json finding{{"severity", "damage"}, {"what", error.detail}, {"affects", json::array()}};
    const json object{{"data_dir", options.check.data_dir},
                      {"result", damaged ? "damaged" : "not run"},
                      {"findings", json::array({finding})}};
    std::printf("%s\n", object.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  }
  std::fprintf(stderr, "blobgate: %s: %s\n", std::string(ErrcName(error.code)).c_str(),
               error.detail.c_str());
  return damaged ? kDamaged : kNotRun;
}

int Run(Options options) {
  (void)SetUpLog({.level = "error"});
  options.check.bytes_per_second = options.mib_per_second * 1024 * 1024;
  const auto report = CheckStore(options.check);
  if (!report) return ReportUnreadable(report.error(), options);
  if (options.as_json) {
    const json object = AsJson(*report, options.check);
    std::printf("%s\n", object.dump(2, ' ', false, json::error_handler_t::replace).c_str());
  } else {
    PrintText(*report);
  }
  return ExitCodeOf(*report);
}

void AddCommonOptions(CLI::App& command, Options& options) {
  command.add_flag("--json", options.as_json, "Report as one JSON object");
  command.add_option("--mib-per-second", options.mib_per_second, "Read slower than the disk can");
  command.footer(kExitCodes);
}

/// The daemon that serves the store begins a pass of its own; else the whole pass is made here.
int RunScrub(const Options& options) {
  const auto begun = server::AskDaemon(options.check.data_dir, {{"command", "scrub"}});
  if (!begun && begun.error().code == Errc::kNotFound) return Run(options);
  if (!begun) {
    std::fprintf(stderr, "blobgate: %s\n", begun.error().detail.c_str());
    return kNotRun;
  }
  std::printf("the daemon begins a pass; its log says what it finds\n");
  return kClean;
}

void AddVerify(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  options->check.data = true;
  auto* command =
      app.add_subcommand("verify", "Check a snapshot and all of its bytes (fsck --data)");
  command->add_option("directory", options->check.data_dir, "The snapshot")->required();
  AddCommonOptions(*command, *options);
  command->callback([options, &exit_code] { exit_code = Run(*options); });
}

void AddScrub(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  options->check.data = true;
  auto* command = app.add_subcommand(
      "scrub", "Compare all stored bytes with their checksums; a daemon that runs begins it");
  command->add_option("--data-dir", options->check.data_dir, "The store")->required();
  AddCommonOptions(*command, *options);
  command->callback([options, &exit_code] { exit_code = RunScrub(*options); });
}

}  // namespace

void AddFsck(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "fsck", "Check a store that no daemon serves: the catalog against the segments");
  command->add_option("--data-dir", options->check.data_dir, "The store")->required();
  command->add_flag("--data", options->check.data, "Compare all stored bytes with their checksums");
  command->add_flag("--repair", options->check.repair,
                    "Set right what loses nothing; never removes a blob nor changes its bytes");
  command->add_flag("--list-extents", options->check.list_extents,
                    "With --json: where the bytes of every blob lie");
  AddCommonOptions(*command, *options);
  command->callback([options, &exit_code] { exit_code = Run(*options); });
  AddScrub(app, exit_code);
  AddVerify(app, exit_code);
}

}  // namespace blobgate::cli
