// blobgate stats and blobgate top: what a running daemon does.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "server/admin_client.h"

namespace blobgate::cli {
namespace {

using nlohmann::json;

struct Options {
  std::string data_dir = "/var/lib/blobgate";
  bool as_json = false;
  double interval = 2;
  unsigned rounds = 0;  ///< 0: until it is interrupted
  unsigned oldest = 10;
};

int Fail(const char* command, const Error& error) {
  const bool nobody = error.code == Errc::kNotFound;
  std::fprintf(stderr, "blobgate %s: %s%s\n", command, nobody ? "no daemon answers: " : "",
               error.detail.c_str());
  return 1;
}

void Flatten(const json& value, const std::string& path) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.items()) {
      Flatten(member, path.empty() ? name : path + "." + name);
    }
  } else {
    std::printf("%-28s %s\n", path.c_str(), value.dump().c_str());
  }
}

int Stats(const Options& options) {
  const auto stats = server::AskDaemon(options.data_dir, {{"command", "stats"}});
  if (!stats) return Fail("stats", stats.error());
  if (options.as_json) {
    std::printf("%s\n", stats->dump(2).c_str());
  } else {
    Flatten(*stats, "");
  }
  return 0;
}

/// What was counted between two answers of the daemon.
struct Row {
  std::string name;
  std::uint64_t requests = 0;
  std::uint64_t errors = 0;
  std::uint64_t failed = 0;
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t server_ns = 0;
  std::vector<std::uint64_t> buckets;
};

Row RowOf(const json& entry) {
  Row row;
  row.name = entry.value("name", "");
  row.requests = entry.value("requests", std::uint64_t{0});
  row.errors = entry.value("errors", std::uint64_t{0});
  row.failed = entry.value("failed", std::uint64_t{0});
  row.received = entry.value("received_bytes", std::uint64_t{0});
  row.sent = entry.value("sent_bytes", std::uint64_t{0});
  row.server_ns = entry.value("server_ns", std::uint64_t{0});
  row.buckets = entry.value("buckets", std::vector<std::uint64_t>());
  return row;
}

/// Counters of an account start anew when it was removed and added again.
std::uint64_t Since(std::uint64_t now, std::uint64_t before) {
  return now >= before ? now - before : now;
}

Row Difference(Row now, const Row& before) {
  now.requests = Since(now.requests, before.requests);
  now.errors = Since(now.errors, before.errors);
  now.failed = Since(now.failed, before.failed);
  now.received = Since(now.received, before.received);
  now.sent = Since(now.sent, before.sent);
  now.server_ns = Since(now.server_ns, before.server_ns);
  for (std::size_t i = 0; i < now.buckets.size() && i < before.buckets.size(); ++i) {
    now.buckets[i] = Since(now.buckets[i], before.buckets[i]);
  }
  return now;
}

std::vector<Row> Differences(const json& now, const json& before) {
  std::map<std::string, Row> old;
  for (const auto& entry : before) {
    Row row = RowOf(entry);
    std::string name = row.name;
    old[std::move(name)] = std::move(row);
  }
  std::vector<Row> rows;
  for (const auto& entry : now) {
    Row row = RowOf(entry);
    if (const auto was = old.find(row.name); was != old.end()) row = Difference(row, was->second);
    if (row.requests > 0) rows.push_back(std::move(row));
  }
  std::ranges::sort(rows, std::ranges::greater(), &Row::requests);
  return rows;
}

/// The bound below which `share` of the requests were, ms; nullopt: above all bounds.
std::optional<double> Quantile(const Row& row, const std::vector<std::uint64_t>& bounds,
                               double share) {
  const double wanted = share * static_cast<double>(row.requests);
  double seen = 0;
  for (std::size_t i = 0; i < bounds.size() && i < row.buckets.size(); ++i) {
    seen += static_cast<double>(row.buckets[i]);
    if (seen >= wanted) return static_cast<double>(bounds[i]) / 1e6;
  }
  return std::nullopt;
}

std::string Milliseconds(std::optional<double> value) {
  char text[32];
  if (!value) return "slower";
  std::snprintf(text, sizeof text, *value < 10 ? "<=%.2f" : "<=%.0f", *value);
  return text;
}

void PrintRates(const Row& row, double seconds) {
  constexpr double kMiB = 1024.0 * 1024.0;
  std::printf("%-30s %10.1f %8.1f %8.1f %9.2f %9.2f", row.name.c_str(),
              static_cast<double>(row.requests) / seconds,
              static_cast<double>(row.errors) / seconds, static_cast<double>(row.failed) / seconds,
              static_cast<double>(row.received) / kMiB / seconds,
              static_cast<double>(row.sent) / kMiB / seconds);
}

void PrintLive(const json& live) {
  if (live.empty()) return;
  std::printf("\n%-30s %9s %-9s %-16s %-24s %s\n", "OLDEST REQUEST", "AGE", "STATE", "FROM",
              "ACCOUNT", "ID AND TARGET");
  for (const auto& request : live) {
    std::printf("%-30s %7.1f s %-9s %-16s %-24s %s %s %s\n", request.value("operation", "").c_str(),
                static_cast<double>(request.value("age_ns", std::int64_t{0})) / 1e9,
                request.value("answering", false) ? "answering" : "working",
                request.value("peer", "").c_str(), request.value("account", "").c_str(),
                request.value("id", "").c_str(), request.value("method", "").c_str(),
                request.value("target", "").c_str());
  }
}

void Print(const json& now, const json& before, double seconds) {
  const auto bounds = now.value("bounds_ns", std::vector<std::uint64_t>());
  std::printf("%lld requests in flight; rates over %.1f s, times in the server in ms\n\n",
              static_cast<long long>(now.value("in_flight", std::int64_t{0})), seconds);
  std::printf("%-30s %10s %8s %8s %9s %9s %8s %8s %8s\n", "OPERATION", "REQ/S", "4XX/S", "5XX/S",
              "IN MiB/S", "OUT MiB/S", "MEAN", "P50", "P99");
  for (const Row& row : Differences(now["operations"], before["operations"])) {
    PrintRates(row, seconds);
    std::printf(" %8.2f %8s %8s\n",
                static_cast<double>(row.server_ns) / static_cast<double>(row.requests) / 1e6,
                Milliseconds(Quantile(row, bounds, 0.5)).c_str(),
                Milliseconds(Quantile(row, bounds, 0.99)).c_str());
  }
  std::printf("\n%-30s %10s %8s %8s %9s %9s\n", "ACCOUNT", "REQ/S", "4XX/S", "5XX/S", "IN MiB/S",
              "OUT MiB/S");
  for (const Row& row : Differences(now["accounts"], before["accounts"])) {
    PrintRates(row, seconds);
    std::printf("\n");
  }
  PrintLive(now.value("live", json::array()));
  std::fflush(stdout);
}

int Top(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const json request{{"command", "requests"}, {"oldest", options.oldest}};
  auto before = server::AskDaemon(options.data_dir, request);
  if (!before) return Fail("top", before.error());
  auto then = Clock::now();
  const bool terminal = ::isatty(STDOUT_FILENO) == 1;
  for (unsigned round = 0; options.rounds == 0 || round < options.rounds; ++round) {
    std::this_thread::sleep_for(std::chrono::duration<double>(options.interval));
    auto now = server::AskDaemon(options.data_dir, request);
    if (!now) return Fail("top", now.error());
    const auto when = Clock::now();
    std::printf("%s", terminal ? "\x1b[H\x1b[2J" : round > 0 ? "\n" : "");
    Print(*now, *before, std::chrono::duration<double>(when - then).count());
    before = std::move(now);
    then = when;
  }
  return 0;
}

}  // namespace

void AddStats(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* stats = app.add_subcommand("stats", "Figures of the store that a daemon serves");
  stats->add_option("--data-dir", options->data_dir, "The store")->capture_default_str();
  stats->add_flag("--json", options->as_json, "As one JSON object");
  stats->callback([options, &exit_code] { exit_code = Stats(*options); });

  auto* top = app.add_subcommand("top", "Rates and times of the requests that a daemon serves");
  top->add_option("--data-dir", options->data_dir, "The store")->capture_default_str();
  top->add_option("--interval", options->interval, "Seconds between two looks")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  top->add_option("--rounds", options->rounds, "How often; 0: until it is interrupted")
      ->capture_default_str();
  top->add_option("--oldest", options->oldest, "Show so many requests that run, the oldest first")
      ->check(CLI::Range(0u, 1000u))
      ->capture_default_str();
  top->callback([options, &exit_code] { exit_code = Top(*options); });
}

}  // namespace blobgate::cli
