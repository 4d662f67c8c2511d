#include "server/daemon.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_future.hpp>
#include <cstdlib>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/published.h"
#include "console/console.h"
#include "engine/local/local_engine.h"
#include "gateway/gateway.h"
#include "gateway/source_opener.h"
#include "net/http_client.h"
#include "net/server.h"
#include "net/tls.h"
#include "operations/access_time.h"
#include "operations/block/staged_expiry.h"
#include "operations/capacity/count_capacity.h"
#include "operations/container/collector.h"
#include "operations/container/container_walk.h"
#include "operations/copy/copy_job.h"
#include "operations/feed/publish.h"
#include "operations/history/purge.h"
#include "operations/leftovers.h"
#include "operations/lifecycle/run_lifecycle.h"
#include "operations/path/detached.h"
#include "server/account_commands.h"
#include "server/account_registry.h"
#include "server/adapters.h"
#include "server/admin_client.h"
#include "server/admin_commands.h"
#include "server/admin_server.h"
#include "server/console_token.h"
#include "server/daemon_metrics.h"
#include "server/engine_metrics.h"
#include "server/monitor.h"
#include "server/oauth_service.h"
#include "server/request_commands.h"
#include "server/request_metrics.h"
#include "server/service_manager.h"
#include "server/watchdog.h"

namespace blobgate::server {
namespace {

using nlohmann::json;

unsigned ThreadsOf(const config::Config& config) {
  return config.threads != 0 ? config.threads : std::max(1u, std::thread::hardware_concurrency());
}

Result<std::unique_ptr<engine::Engine>> OpenEngine(const config::EngineConfig& config) {
  engine::LocalOptions options;
  options.data_dir = config.data_dir;
  options.segment_bytes = config.segment_bytes;
  options.read_cache_bytes = config.read_cache_bytes;
  options.catalog_cache_bytes = config.catalog_cache_bytes;
  options.direct_io = config.direct_io;
  options.rewrite_bytes_per_second = config.rewrite_bytes_per_second;
  options.rewrite_live_percent = static_cast<unsigned>(config.rewrite_live_percent);
  options.scrub_bytes_per_second = config.scrub.bytes_per_second;
  options.scrub_interval = config.scrub.interval;
  return engine::OpenLocalEngine(options);
}

}  // namespace

// In the order of construction; destroyed the other way round, so that each outlives its users.
struct Daemon::Parts {
  Parts(const config::Config& c, std::unique_ptr<AccountRegistry> all)
      : config(c),
        registry(std::move(all)),
        accounts(registry->accounts()),
        threads(ThreadsOf(c)),
        background(threads) {}

  config::Config config;  ///< in force; of the main thread once Start has returned
  SystemClock clock;
  std::unique_ptr<AccountRegistry> registry;
  const gateway::Accounts& accounts;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<AccessLogWriter> access_log;
  gateway::RequestCounters counters;
  std::shared_ptr<net::TlsContext> tls;
  net::IoThreads threads;
  IoBackground background;
  std::unique_ptr<net::HttpClient> client;
  std::unique_ptr<gateway::HttpOutsideClient> outside;
  std::unique_ptr<OAuthService> oauth;  ///< null: no bearer tokens
  operations::EtagSource etags{clock};
  std::unique_ptr<gateway::GatewaySourceOpener> sources;
  std::unique_ptr<operations::Services> services;
  std::unique_ptr<gateway::Gateway> gateway;
  std::unique_ptr<net::Server> server;
  std::unique_ptr<Monitor> monitor;
  std::unique_ptr<net::Server> monitor_server;
  std::unique_ptr<console::Console> console;
  std::unique_ptr<net::Server> console_server;
  std::mutex token_mutex;  ///< for its commands, of which two may run at once
  AdminServer admin;
  std::vector<BoundListener> listeners;
  json endpoints = json::array();  ///< those of blobs, for the console; set before it listens
  Published<json> shown{std::make_shared<const json>()};  ///< `config` without secrets, for diag
  std::atomic<bool> stopping = false;
  std::unique_ptr<Watchdog> watchdog;  ///< null: nobody watches

  Status Open();
  Status Bind(PassedSockets sockets);
  Status Listen(BoundListener::Purpose purpose, const config::ListenerConfig& listener,
                PassedSockets& sockets);
  net::Server& ServerFor(BoundListener::Purpose purpose);
  json ConsoleStatus(std::uint64_t scrub_rate) const;
  void Watch(std::chrono::microseconds interval);
  std::vector<NotReady> ReasonsNotReady() const;
  Status Resume();
  Task<void> NoteAccessTracking();
  Result<std::size_t> CountContainers(const std::string& account);
  void Administer();
  void Show() {
    shown.Set(std::make_shared<const json>(config::WriteConfig(config, config::Which::kPublic)));
  }
};

Status Daemon::Parts::Open() {
  BG_TRY(access_log, AccessLogWriter::Open(config));
  BG_TRY(engine, OpenEngine(config.engine));
  BG_CHECK(registry->BeginEncryption());
  net::ClientOptions client_options;
  client_options.ca_file = config.copy_sources.ca_file;
  BG_TRY(client, net::HttpClient::Create(std::move(client_options)));
  outside = std::make_unique<gateway::HttpOutsideClient>(*client);
  const auto is_tls = [](const config::ListenerConfig& listener) { return listener.tls; };
  if (std::ranges::any_of(config.listeners, is_tls) ||
      std::ranges::any_of(config.monitor_listeners, is_tls) ||
      std::ranges::any_of(config.console.listeners, is_tls)) {
    BG_TRY(tls, net::TlsContext::Load(config.tls.certificate_file, config.tls.key_file));
  }
  BG_TRY(oauth, OAuthService::Create(config, clock, background));
  const gateway::Authenticator authenticator =
      oauth ? oauth->authenticator() : gateway::Authenticator();
  sources = std::make_unique<gateway::GatewaySourceOpener>(
      gateway::SourceOpenerParts{.accounts = accounts,
                                 .allowed_hosts = config.copy_sources.allowed_hosts,
                                 .outside = *outside,
                                 .engine = *engine,
                                 .clock = clock,
                                 .etags = etags,
                                 .background = background,
                                 .authenticator = authenticator});
  services = std::make_unique<operations::Services>(
      operations::Services{*engine, clock, etags, *sources, background});
  services->rehydration = {.standard = config.rehydration.standard,
                           .high = config.rehydration.high};
  services->accounts = &accounts;
  gateway = std::make_unique<gateway::Gateway>(
      gateway::GatewayParts{.accounts = accounts,
                            .services = *services,
                            .access_log = *access_log,
                            .counters = counters,
                            .authenticator = authenticator,
                            .discovery = oauth ? oauth->discovery() : nullptr});
  services->scopes = registry->scopes();
  server = std::make_unique<net::Server>(threads, *gateway, LimitsOf(config.limits));
  std::vector<std::shared_ptr<prometheus::Collectable>> metrics{
      std::make_shared<RequestMetrics>(counters, accounts),
      std::make_shared<EngineMetrics>(*engine),
      std::make_shared<DaemonMetrics>(*server, *access_log, tls, registry->encryption())};
  monitor = std::make_unique<Monitor>(std::move(metrics), [this] { return ReasonsNotReady(); });
  monitor_server = std::make_unique<net::Server>(threads, *monitor, LimitsOf(config.limits));
  console = std::make_unique<console::Console>(
      console::ConsoleParts{
          .accounts = accounts,
          .gateway = *gateway,
          .clock = clock,
          .status = [this,
                     rate = config.engine.scrub.bytes_per_second] { return ConsoleStatus(rate); }},
      config.console.session_lifetime);
  BG_TRY(const auto token, LoadConsoleToken(config.engine.data_dir));
  console->sessions().SetToken(token);
  console_server = std::make_unique<net::Server>(threads, *console, LimitsOf(config.limits));
  return {};
}

// When it began for accounts that have it now, and that it ended for the others.
Task<void> Daemon::Parts::NoteAccessTracking() {
  for (const std::string& name : accounts.Names()) {
    const auto account = accounts.FindAccount(name);
    if (!account) continue;
    const auto since = co_await operations::AccessTrackedSince(*services, *account);
    if (!since) spdlog::warn("access tracking of {}: {}", name, since.error().detail);
  }
}

// For the threads of the admin socket.
Result<std::size_t> Daemon::Parts::CountContainers(const std::string& account) {
  auto count = [this, &account]() -> Task<Result<std::size_t>> {
    BG_CO_TRY(const auto there, co_await operations::ContainersOf(*services, account));
    BG_CO_TRY(const auto kept, co_await operations::RestorableContainersOf(*services, account));
    co_return there.size() + kept.size();
  };
  return boost::asio::co_spawn(threads.Next(), count(), boost::asio::use_future).get();
}

// What the last run left half done is taken up again before requests come.
Status Daemon::Parts::Resume() {
  auto work = [this]() -> Task<Status> {
    BG_CO_CHECK(co_await operations::ResumeCollection(*services, accounts.Names()));
    BG_CO_CHECK(co_await operations::ResumeLeftovers(*services, accounts.Names()));
    BG_CO_CHECK(co_await operations::ResumeDetached(*services, accounts.Names()));
    co_await operations::ResumeCopies(*services, accounts.Names());
    operations::SpawnStagedExpiry(*services);
    operations::SpawnCapacityCounts(*services);
    operations::SpawnPurge(*services);
    co_await NoteAccessTracking();
    operations::SpawnLifecycle(*services, config.background.lifecycle_interval);
    operations::SpawnChangeFeed(*services, config.background.change_feed_interval);
    if (oauth) co_await oauth->LoadKeys();
    co_return Status();
  };
  return boost::asio::co_spawn(threads.Next(), work(), boost::asio::use_future).get();
}

Status Daemon::Parts::Bind(PassedSockets sockets) {
  using enum BoundListener::Purpose;
  for (const auto& listener : config.listeners) BG_CHECK(Listen(kBlobs, listener, sockets));
  std::vector<gateway::OwnListener> own;
  for (const BoundListener& bound : listeners) {
    own.push_back({bound.address, bound.port});
    endpoints.push_back({{"address", bound.address}, {"port", bound.port}, {"tls", bound.tls}});
  }
  sources->SetListeners(std::move(own));
  for (const auto& listener : config.monitor_listeners) {
    BG_CHECK(Listen(kMonitor, listener, sockets));
  }
  for (const auto& listener : config.console.listeners) {
    BG_CHECK(Listen(kConsole, listener, sockets));
  }
  return sockets.CheckAllTaken();
}

net::Server& Daemon::Parts::ServerFor(BoundListener::Purpose purpose) {
  using enum BoundListener::Purpose;
  return purpose == kMonitor ? *monitor_server : purpose == kConsole ? *console_server : *server;
}

Status Daemon::Parts::Listen(BoundListener::Purpose purpose, const config::ListenerConfig& listener,
                             PassedSockets& sockets) {
  static constexpr std::array<const char*, 3> kFor{"", " for metrics and health",
                                                   " for the console"};
  const auto certificate = listener.tls ? tls : nullptr;
  const int passed = sockets.Take(listener);
  net::Server& on = ServerFor(purpose);
  BG_TRY(const std::uint16_t port, passed >= 0
                                       ? on.Adopt(passed, certificate)
                                       : on.Listen(listener.address, listener.port, certificate));
  spdlog::info("listening on {}://{}:{}{}{}", listener.tls ? "https" : "http", listener.address,
               port, kFor[std::to_underlying(purpose)], passed >= 0 ? ", a passed socket" : "");
  listeners.push_back({listener.address, port, listener.tls, purpose});
  return {};
}

std::vector<NotReady> Daemon::Parts::ReasonsNotReady() const {
  std::vector<NotReady> reasons;
  if (stopping) reasons.push_back({"stopping", "the daemon is stopping"});
  if (const Status health = engine->Health(); !health) {
    const bool full = health.error().code == Errc::kNoSpace;
    const std::string what = full ? "the store takes no uploads until there is space again: "
                                  : "the store takes no writes until a restart: ";
    reasons.push_back({full ? "no_space" : "read_only", what + health.error().detail});
  }
  return reasons;
}

// For the io threads: `config` is not.
json Daemon::Parts::ConsoleStatus(std::uint64_t scrub_rate) const {
  json reasons = json::array();
  for (const NotReady& reason : ReasonsNotReady()) {
    reasons.push_back({{"code", reason.code}, {"message", reason.message}});
  }
  return {{"version", BLOBGATE_VERSION},      {"reasons", std::move(reasons)},
          {"endpoints", endpoints},           {"scrub_bytes_per_second", scrub_rate},
          {"store", AsJson(engine->Stats())}, {"requests", AsJson(counters, accounts)}};
}

// The server is worth running without it.
void Daemon::Parts::Administer() {
  registry->OnChange(
      [this] { background.Spawn("access tracking", [this] { return NoteAccessTracking(); }); });
  AddEngineCommands(admin, *engine, config.engine.data_dir);
  AddRequestCommands(admin, counters, accounts);
  Show();
  admin.Handle("configuration",
               [this](const json&, std::stop_token) -> Result<json> { return *shown.Get(); });
  admin.Handle("metrics", [this](const json&, std::stop_token) -> Result<json> {
    return json{{"text", monitor->Metrics()}};
  });
  admin.Handle("console-token",
               [this, dir = config.engine.data_dir](const json&, std::stop_token) -> Result<json> {
                 const std::lock_guard lock(token_mutex);
                 BG_TRY(const std::string token, NewConsoleToken(dir));
                 console->sessions().SetToken(DigestOfConsoleToken(token));
                 return json{{"token", token}};
               });
  AddAccountCommands(admin, *registry,
                     [this](const std::string& account) { return CountContainers(account); });
  const Status started = admin.Start(AdminSocketOf(config.engine.data_dir));
  if (!started) spdlog::warn("no admin socket: {}", started.error().detail);
}

// Four rounds in the time that the service manager allows: a disk may take three of them to answer.
void Daemon::Parts::Watch(std::chrono::microseconds interval) {
  std::vector<Probe> probes = ProbesOf(threads);
  probes.push_back(BlockingProbe("the disk of " + config.engine.data_dir,
                                 [dir = config.engine.data_dir] { TouchDisk(dir); }));
  watchdog = std::make_unique<Watchdog>(interval / 4, std::move(probes), NotifyAlive);
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::Start(const config::Config& config,
                                              ServiceManagement management) {
  BG_TRY(auto registry, AccountRegistry::Open(config));
  auto parts = std::make_unique<Parts>(config, std::move(registry));
  BG_CHECK(parts->Open());
  std::unique_ptr<Daemon> daemon(new Daemon(std::move(parts)));
  Status ready = daemon->parts_->Resume();
  if (ready) ready = daemon->parts_->Bind(std::move(management.sockets));
  if (!ready) {
    daemon->Stop();
    return std::unexpected(std::move(ready).error());
  }
  daemon->parts_->Administer();
  if (management.watchdog) daemon->parts_->Watch(*management.watchdog);
  return daemon;
}

const std::vector<BoundListener>& Daemon::listeners() const {
  return parts_->listeners;
}

// What can fail comes first, and of that the accounts last: they are in force at once.
Result<std::vector<config::Change>> Daemon::Reload(const config::Config& next) {
  Parts& p = *parts_;
  const config::Config config = config::Reloaded(p.config, next);
  std::shared_ptr<net::TlsContext> tls;
  if (p.tls) {
    BG_TRY(tls, net::TlsContext::Load(config.tls.certificate_file, config.tls.key_file));
  }
  BG_TRY(auto rules, OAuthRulesOf(config));
  BG_CHECK(p.registry->Reconfigure(config));
  if (p.tls) p.tls->Take(*tls);
  if (p.oauth) p.oauth->Replace(std::move(rules));
  p.sources->AllowHosts(config.copy_sources.allowed_hosts);
  p.server->SetLimits(LimitsOf(config.limits));
  p.monitor_server->SetLimits(LimitsOf(config.limits));
  p.console_server->SetLimits(LimitsOf(config.limits));
  p.console->sessions().SetLifetime(config.console.session_lifetime);
  SetLogLevel(config.log_level);
  auto changes = config::Differences(p.config, next);
  p.config = config;
  p.Show();
  return changes;
}

// A handler that does not end even after its connection was cut still uses what would be destroyed.
// Everything acknowledged is durable, so leaving at once is safe; the next start recovers.
void Daemon::Stop() {
  Parts& p = *parts_;
  p.stopping = true;
  p.registry->encryption().Stop();
  p.admin.Stop();
  const bool drained = p.server->Stop(p.config.limits.drain_timeout);
  const bool asked = p.console_server->Stop(std::chrono::seconds(1));
  const bool answered = p.monitor_server->Stop(std::chrono::seconds(1)) && asked && drained;
  p.background.tasks().Cancel();
  const bool ended = p.background.tasks().WaitFor(std::chrono::seconds(10));
  if (!answered || !ended) {
    spdlog::error("some requests did not end; leaving without an orderly close of the store");
    spdlog::shutdown();
    std::_Exit(1);
  }
  p.watchdog.reset();
  p.threads.Stop();
  p.threads.Join();
}

}  // namespace blobgate::server
