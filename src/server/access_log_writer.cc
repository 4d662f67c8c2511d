#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <nlohmann/json.hpp>

#include "base/time.h"
#include "server/adapters.h"

namespace blobgate::server {
namespace {

constexpr std::size_t kQueue = 8192;

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
                        {"complete", e.complete}}
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string AsText(const gateway::AccessEntry& e) {
  return fmt::format("{} {} \"{} {}\" {} {} in={} out={} {:.6f}s {}{}", e.peer, e.account, e.method,
                     e.target, e.operation.empty() ? "-" : e.operation, e.status, e.bytes_in,
                     e.bytes_out, e.seconds, e.request_id, e.complete ? "" : " cut");
}

}  // namespace

struct AccessLogWriter::State {
  bool json = false;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // outlives the logger
  std::shared_ptr<spdlog::async_logger> logger;        // null: no access log
};

AccessLogWriter::AccessLogWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
AccessLogWriter::~AccessLogWriter() = default;

Result<std::unique_ptr<AccessLogWriter>> AccessLogWriter::Open(const config::Config& config) {
  auto state = std::make_unique<State>();
  state->json = config.log_format == "json";
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
    state->logger->set_pattern(state->json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %v");
  }
  return std::unique_ptr<AccessLogWriter>(new AccessLogWriter(std::move(state)));
}

void AccessLogWriter::Write(const gateway::AccessEntry& entry) {
  if (!state_->logger) return;
  state_->logger->info(state_->json ? AsJson(entry) : AsText(entry));
}

}  // namespace blobgate::server
