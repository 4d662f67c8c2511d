#include <spdlog/async_logger.h>
#include <spdlog/details/os.h>
#include <spdlog/details/periodic_worker.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <mutex>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "gateway/request_counters.h"
#include "server/adapters.h"
#include "server/analytics_line.h"

namespace blobgate::server {
namespace {

constexpr std::size_t kBatch = 32 * 1024;          // lines that are handed on together, bytes
constexpr std::size_t kQueue = 128;                // batches that may wait for the disk
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

/// With zeros in front until there are `width` digits.
void AppendNumber(std::string& out, std::uint64_t value, std::size_t width = 1) {
  std::array<char, 20> digits;
  const auto* const end = std::to_chars(digits.begin(), digits.end(), value).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  if (size < width) out.append(width - size, '0');
  out.append(digits.data(), size);
}

/// "2026-11-26T23:59:59.123+01:00", local time. Remembers the second before.
class Clock {
 public:
  void AppendTo(std::string& out, std::chrono::system_clock::time_point now) {
    const auto second = std::chrono::floor<std::chrono::seconds>(now);
    if (second != second_) {
      second_ = second;
      const std::tm local =
          spdlog::details::os::localtime(std::chrono::system_clock::to_time_t(second));
      const int offset = spdlog::details::os::utc_minutes_offset(local);
      text_ =
          fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", local.tm_year + 1900, local.tm_mon + 1,
                      local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
      zone_ = fmt::format("{}{:02}:{:02} ", offset < 0 ? '-' : '+', std::abs(offset) / 60,
                          std::abs(offset) % 60);
    }
    const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(now - second);
    out += text_;
    out += '.';
    AppendNumber(out, static_cast<std::uint64_t>(rest.count()), 3);
    out += zone_;
  }

 private:
  std::chrono::system_clock::time_point second_{};
  std::string text_;
  std::string zone_;
};

void AppendText(std::string& out, const gateway::AccessEntry& e) {
  const auto number = [&out](std::string_view before, std::uint64_t value) {
    AppendNumber(out.append(before), value);
  };
  const auto micros = static_cast<std::uint64_t>(std::llround(std::max(e.seconds, 0.0) * 1e6));
  out.append(e.peer).append(" ").append(e.account).append(" \"").append(e.method);
  out.append(" ").append(e.target).append("\" ");
  out.append(e.operation.empty() ? "-" : e.operation);
  number(" ", e.status);
  number(" in=", e.bytes_in);
  number(" out=", e.bytes_out);
  number(" ", micros / 1'000'000);
  out += '.';
  AppendNumber(out, micros % 1'000'000, 6);
  out.append("s ").append(e.request_id).append(e.complete ? "" : " cut");
}

enum class Format : std::uint8_t { kText, kJson, kAnalytics };

Format FormatOf(const config::Config& config) {
  if (config.access_log_format == "analytics") return Format::kAnalytics;
  return config.log_format == "json" ? Format::kJson : Format::kText;
}

/// Lines of some threads that were not handed on yet.
struct alignas(64) Batch {
  std::mutex mutex;
  std::string lines;
  Clock clock;

  void Add(const gateway::AccessEntry& entry, Format format) {
    switch (format) {
      case Format::kText:
        clock.AppendTo(lines, std::chrono::system_clock::now());
        AppendText(lines, entry);
        break;
      case Format::kJson:
        lines += AsJson(entry);
        break;
      case Format::kAnalytics:
        lines += AnalyticsLine(entry);
        break;
    }
    lines += '\n';
  }
};

/// Where lines go. kIoError.
Result<spdlog::sink_ptr> OpenSink(const std::string& file) {
  try {
    if (file.empty()) return std::make_shared<spdlog::sinks::stdout_sink_mt>();
    return std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
  } catch (const spdlog::spdlog_ex& e) {
    return Fail(Errc::kIoError, e.what());
  }
}

}  // namespace

// A line costs its thread a mutex that hardly another one wants; to wake the writer for each would
// cost more than all the rest of a small request's log.
struct AccessLogWriter::State {
  Format format = Format::kText;
  std::array<Batch, gateway::kShards> batches;
  std::shared_ptr<spdlog::details::thread_pool> pool;  // outlives the logger
  std::shared_ptr<spdlog::async_logger> logger;        // null: no access log
  std::unique_ptr<spdlog::details::periodic_worker> flusher;

  void HandOn(Batch& batch) {
    if (batch.lines.empty()) return;
    logger->info(batch.lines);
    batch.lines.clear();
  }

  void Flush() {
    for (Batch& batch : batches) {
      const std::lock_guard lock(batch.mutex);
      HandOn(batch);
    }
    logger->flush();
  }

  ~State() {
    flusher.reset();
    if (logger) Flush();
  }
};

AccessLogWriter::AccessLogWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
AccessLogWriter::~AccessLogWriter() = default;

Result<std::unique_ptr<AccessLogWriter>> AccessLogWriter::Open(const config::Config& config) {
  auto state = std::make_unique<State>();
  state->format = FormatOf(config);
  if (config.access_log != "off") {
    BG_TRY(auto sink, OpenSink(config.access_log));
    state->pool = std::make_shared<spdlog::details::thread_pool>(kQueue, 1);
    state->logger = std::make_shared<spdlog::async_logger>(
        "access", std::move(sink), state->pool, spdlog::async_overflow_policy::overrun_oldest);
    state->logger->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%v", spdlog::pattern_time_type::local, /*eol=*/""));
    state->flusher = std::make_unique<spdlog::details::periodic_worker>(
        [lines = state.get()] { lines->Flush(); }, kFlushInterval);
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
  Batch& batch = state_->batches[gateway::ShardOfThisThread()];
  const std::lock_guard lock(batch.mutex);
  batch.Add(entry, state_->format);
  if (batch.lines.size() >= kBatch) state_->HandOn(batch);
}

}  // namespace blobgate::server
