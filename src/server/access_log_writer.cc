#include <spdlog/async_logger.h>
#include <spdlog/details/periodic_worker.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "server/adapters.h"
#include "server/analytics_line.h"

namespace blobgate::server {
namespace {

constexpr std::size_t kQueue = 8192;
constexpr std::chrono::seconds kFlushInterval{1};  // who follows the file sees lines by then

std::string AsJson(const gateway::AccessEntry& e) {
  return nlohmann::json{{"time", FormatIso8601(SystemClock().Now())},
                        {"request_id", e.request_id},
                        {"peer", e.peer},
                        {"method", e.method},
                        {"target", e.target},
                        {"operation", e.operation},
                        {"account", e.account},
                        {"status", e.status},
                        {"error", e.error_code},
                        {"bytes_in", e.bytes_in},
                        {"bytes_out", e.bytes_out},
                        {"seconds", e.seconds},
                        {"server_seconds", e.server_seconds},
                        {"complete", e.complete}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string AsText(const gateway::AccessEntry& e) {
  return fmt::format("{} {} \"{} {}\" {} {} in={} out={} {:.6f}s {}{}", e.peer, e.account, e.method,
                     e.target, e.operation.empty() ? "-" : e.operation, e.status, e.bytes_in,
                     e.bytes_out, e.seconds, e.request_id, e.complete ? "" : " cut");
}

enum class Format : std::uint8_t { kText, kJson, kAnalytics };

Format FormatOf(const config::Config& config) {
  if (config.access_log_format == "analytics") return Format::kAnalytics;
  return config.log_format == "json" ? Format::kJson : Format::kText;
}

std::string LineOf(const gateway::AccessEntry& entry, Format format) {
  switch (format) {
    case Format::kText:
      return AsText(entry);
    case Format::kJson:
      return AsJson(entry);
    case Format::kAnalytics:
      return AnalyticsLine(entry);
  }
  return {};
}

}  // namespace

struct AccessLogWriter::State {
  Format format = Format::kText;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // outlives the logger
  std::shared_ptr<spdlog::async_logger> logger;        // null: no access log
  std::unique_ptr<spdlog::details::periodic_worker> flusher;
};

AccessLogWriter::AccessLogWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
AccessLogWriter::~AccessLogWriter() = default;

Result<std::unique_ptr<AccessLogWriter>> AccessLogWriter::Open(const config::Config& config) {
  auto state = std::make_unique<State>();
  state->format = FormatOf(config);
  if (config.access_log != "off") {
    spdlog::sink_ptr sink;
    try {
      if (config.access_log.empty()) {
        sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
      } else {
        sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(config.access_log);
      }
    } catch (const spdlog::spdlog_ex& e) {
      return Fail(Errc::kIoError, e.what());
    }
    state->pool = std::make_shared<spdlog::details::thread_pool>(kQueue, 1);
    state->logger = std::make_shared<spdlog::async_logger>(
        "access", std::move(sink), state->pool, spdlog::async_overflow_policy::overrun_oldest);
    const bool text = state->format == Format::kText;
    state->logger->set_pattern(text ? "%Y-%m-%dT%H:%M:%S.%e%z %v" : "%v");
    state->flusher = std::make_unique<spdlog::details::periodic_worker>(
        [logger = state->logger] { logger->flush(); }, kFlushInterval);
  }
  return std::unique_ptr<AccessLogWriter>(new AccessLogWriter(std::move(state)));
}

gateway::AccessLog::Detail AccessLogWriter::detail() const {
  if (!state_->logger) return Detail::kNothing;
  return state_->format == Format::kAnalytics ? Detail::kAnalytics : Detail::kEntry;
}

std::size_t AccessLogWriter::dropped() const {
  return state_->pool ? state_->pool->overrun_counter() : 0;
}

void AccessLogWriter::Write(const gateway::AccessEntry& entry) {
  if (!state_->logger) return;
  state_->logger->info(LineOf(entry, state_->format));
}

}  // namespace blobgate::server
