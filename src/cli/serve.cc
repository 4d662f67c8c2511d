// blobgate serve: runs the daemon until SIGTERM or SIGINT.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cli/commands.h"
#include "config/config.h"
#include "config/schema.h"
#include "server/daemon.h"
#include "server/service_manager.h"

namespace blobgate::cli {
namespace {

struct Options {
  std::string config_file;
  std::string data_dir;
  std::string ready_file;
  std::uint16_t port = 10000;
  bool dev = false;
};

/// The emulator's account and key, known to everyone: for development on loopback only.
config::Config DevelopmentConfig(const Options& options) {
  config::Config config;
  config.engine.data_dir = options.data_dir;
  config.listeners.push_back({.address = "127.0.0.1", .port = options.port, .tls = false});
  config::AccountConfig account;
  account.name = "devstoreaccount1";
  account.keys = {
      "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/"
      "KBHBeksoGMGw=="};
  config.accounts.push_back(std::move(account));
  config.access_log = "off";
  return config;
}

Result<config::Config> ConfigOf(const Options& options) {
  if (!options.dev) return config::Load(options.config_file);
  auto config = DevelopmentConfig(options);
  BG_CHECK(config::Check(config));
  return config;
}

/// Written whole under another name first, so that a reader never sees half of it.
Status WriteReadyFile(const std::string& file, const server::Daemon& daemon) {
  nlohmann::json ready{{"pid", getpid()}, {"listeners", nlohmann::json::array()}};
  for (const auto& l : daemon.listeners()) {
    ready["listeners"].push_back(
        {{"address", l.address},
         {"port", l.port},
         {"tls", l.tls},
         {"monitor", l.purpose == server::BoundListener::Purpose::kMonitor},
         {"console", l.purpose == server::BoundListener::Purpose::kConsole}});
  }
  const std::string partial = file + ".partial";
  std::ofstream(partial) << ready.dump() << "\n";
  if (std::rename(partial.c_str(), file.c_str()) != 0) {
    return Fail(Errc::kIoError, file + ": cannot be written");
  }
  return {};
}

/// Blocks these signals in every thread started from now on; they are taken by WaitForStop.
sigset_t BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return set;
}

/// Huge pages for who asks for them (base/buffer_slabs.h), also on systems where all memory gets
/// them: those took a quarter more of it, and served nothing faster. Before Linux 6.18: as the
/// system has it.
void LimitHugePages() {
  constexpr unsigned long kExceptAdvised = 1 << 1;  // PR_THP_DISABLE_EXCEPT_ADVISED
  prctl(PR_SET_THP_DISABLE, 1UL, kExceptAdvised, 0UL, 0UL);
}

/// What `systemctl status` shows while requests are served.
std::string ServingText(const server::Daemon& daemon) {
  std::string text;
  for (const auto& l : daemon.listeners()) {
    if (l.purpose != server::BoundListener::Purpose::kBlobs) continue;
    const bool v6 = l.address.contains(':');
    text += (text.empty() ? "Serving " : ", ") + std::string(l.tls ? "https://" : "http://") +
            (v6 ? "[" + l.address + "]" : l.address) + ":" + std::to_string(l.port);
  }
  return text;
}

/// Logs what changed; the answer is for the status line.
std::string Report(const std::vector<config::Change>& changes) {
  bool restart = false;
  for (const config::Change& change : changes) {
    const std::string text = config::TextOf(change);
    if (change.needs_restart) {
      spdlog::warn("reload: {} (needs a restart)", text);
      restart = true;
    } else {
      spdlog::info("reload: {}", text);
    }
  }
  spdlog::info("configuration reloaded, {} changes", changes.size());
  return restart ? "; some changes need a restart, see the log" : "";
}

Result<std::vector<config::Change>> TryReload(const Options& options, server::Daemon& daemon) {
  BG_TRY(const config::Config next, ConfigOf(options));
  return daemon.Reload(next);
}

void Reload(const Options& options, server::Daemon& daemon) {
  server::NotifyReloading();
  std::string outcome;
  if (const auto changes = TryReload(options, daemon)) {
    outcome = Report(*changes);
  } else {
    spdlog::error("configuration not reloaded: {}", changes.error().detail);
    outcome = "; configuration not reloaded, see the log";
  }
  server::NotifyReady(ServingText(daemon) + outcome);
}

void WaitForStop(const Options& options, const sigset_t& set, server::Daemon& daemon) {
  for (;;) {
    int signal = 0;
    sigwait(&set, &signal);
    if (signal != SIGHUP) {
      spdlog::info("stopping: signal {}", signal);
      return;
    }
    Reload(options, daemon);
  }
}

int Die(const Error& error) {
  std::fprintf(stderr, "blobgate: %s: %s\n", std::string(ErrcName(error.code)).c_str(),
               error.detail.c_str());
  return 1;
}

int Run(const Options& options) {
  LimitHugePages();
  auto config = ConfigOf(options);
  if (!config) return Die(config.error());
  const LogOptions log{.level = config->log_level, .json = config->log_format == "json"};
  if (auto set_up = SetUpLog(log); !set_up) return Die(set_up.error());
  const sigset_t signals = BlockSignals();
  auto sockets = server::PassedSockets::FromServiceManager();
  if (!sockets) return Die(sockets.error());
  server::NotifyStatus("Opening the store");
  auto daemon = server::Daemon::Start(
      *config, {.sockets = std::move(*sockets), .watchdog = server::WatchdogInterval()});
  if (!daemon) return Die(daemon.error());
  if (!options.ready_file.empty()) {
    if (auto written = WriteReadyFile(options.ready_file, **daemon); !written) {
      return Die(written.error());
    }
  }
  server::NotifyReady(ServingText(**daemon));
  spdlog::info("blobgate " BLOBGATE_VERSION " serves");
  WaitForStop(options, signals, **daemon);
  server::NotifyStopping("Finishing requests");
  (*daemon)->Stop();
  spdlog::info("stopped");
  return 0;
}

}  // namespace

void AddServe(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("serve", "Run the server until SIGTERM");
  auto* file = command->add_option("--config", options->config_file, "Configuration file (JSON)");
  auto* dev = command->add_flag("--dev", options->dev,
                                "Serve the well-known development account on 127.0.0.1 only");
  auto* data = command->add_option("--data-dir", options->data_dir, "With --dev: the store");
  command->add_option("--port", options->port, "With --dev: the port")->needs(dev);
  command->add_option("--ready-file", options->ready_file,
                      "Written with the bound ports once requests are served");
  file->excludes(dev);
  data->needs(dev);
  command->callback([options, &exit_code] {
    if (options->dev ? options->data_dir.empty() : options->config_file.empty()) {
      throw CLI::RequiredError(options->dev ? "--data-dir" : "--config");
    }
    exit_code = Run(*options);
  });
}

}  // namespace blobgate::cli
