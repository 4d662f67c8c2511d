#include "base/log.h"

#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace blobgate {

namespace {

constexpr std::string_view kRedacted = "REDACTED";
constexpr std::string_view kAuditName = "audit";

/// Of the request that this thread logs for; empty: for none.
thread_local std::string_view request_of_thread;

// How a signature starts, and what ends it besides white space and quotes: in a query, and in a
// query that is itself a value in a query.
struct Marker {
  std::string_view start;
  std::string_view end;
};
constexpr std::array kMarkers{Marker{"sig=", "&"}, Marker{"sig%3D", "%26"}};

const Marker* MarkerAt(std::string_view text) {
  for (const Marker& marker : kMarkers) {
    if (EqualsIgnoreCase(text.substr(0, marker.start.size()), marker.start)) return &marker;
  }
  return nullptr;
}

std::size_t SecretLength(std::string_view text, std::string_view end) {
  return std::min(
      {text.find(end), text.find('&'), text.find_first_of(" \t\r\n\"'<>,;"), text.size()});
}

// Bytes that are no UTF-8 are taken for Latin-1, so that every line is JSON.
void AppendJsonString(std::string_view text, spdlog::memory_buf_t& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const bool is_utf8 = IsUtf8(text);
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || byte == 0x7f || (byte > 0x7f && !is_utf8)) {
      const std::array escape{'\\', 'u', '0', '0', kDigits[byte >> 4], kDigits[byte & 15]};
      out.append(escape.data(), escape.data() + escape.size());
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void Append(std::string_view text, spdlog::memory_buf_t& out) {
  out.append(text.data(), text.data() + text.size());
}

// Formats through a pattern whose %v is replaced by the message, redacted and escaped, and what is
// known of its origin.
class SafeFormatter final : public spdlog::formatter {
 public:
  explicit SafeFormatter(bool json)
      : json_(json),
        pattern_(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","logger":"%n",)"
                        R"("thread":%t,%v})"
                      : "%Y-%m-%dT%H:%M:%S.%eZ %l %t %v",
                 spdlog::pattern_time_type::utc) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string text = RedactSecrets({message.payload.data(), message.payload.size()});
    spdlog::memory_buf_t payload;
    if (json_) {
      AppendFields(text, payload);
    } else {
      const std::string_view logger(message.logger_name.data(), message.logger_name.size());
      if (logger == kAuditName) Append(std::string(logger) + ": ", payload);
      if (!request_of_thread.empty()) {
        AppendLine("request " + std::string(request_of_thread) + " ", payload);
      }
      AppendLine(text, payload);
    }
    spdlog::details::log_msg safe(message);
    safe.payload = {payload.data(), payload.size()};
    pattern_.format(safe, out);
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<SafeFormatter>(json_);
  }

 private:
  static void AppendFields(std::string_view text, spdlog::memory_buf_t& out) {
    if (!request_of_thread.empty()) {
      Append(R"("request_id":)", out);
      AppendJsonString(request_of_thread, out);
      Append(",", out);
    }
    Append(R"("message":)", out);
    AppendJsonString(text, out);
  }

  // A client's bytes must not look like another line of the log.
  static void AppendLine(std::string_view text, spdlog::memory_buf_t& out) {
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back((byte < 0x20 && c != '\t') || byte == 0x7f ? '?' : c);
    }
  }

  const bool json_;
  spdlog::pattern_formatter pattern_;
};

}  // namespace

RequestLogScope::RequestLogScope(std::string_view id)
    : outer_(std::exchange(request_of_thread, id)) {}

RequestLogScope::~RequestLogScope() {
  request_of_thread = outer_;
}

std::shared_ptr<spdlog::logger> AuditLogger() {
  auto logger = spdlog::default_logger()->clone(std::string(kAuditName));
  logger->set_level(spdlog::level::trace);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

std::string RedactSecrets(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const bool candidate = text[i] == 's' || text[i] == 'S';
    const Marker* const marker = candidate ? MarkerAt(text.substr(i)) : nullptr;
    if (!marker) {
      out += text[i++];
      continue;
    }
    out += text.substr(i, marker->start.size());
    out += kRedacted;
    i += marker->start.size();
    i += SecretLength(text.substr(i), marker->end);
  }
  return out;
}

Result<std::shared_ptr<spdlog::logger>> MakeLogger(std::string name, const LogOptions& options,
                                                   spdlog::sink_ptr sink) {
  const auto level = spdlog::level::from_str(options.level);
  if (level == spdlog::level::off && options.level != "off") {
    return Fail(Errc::kInvalidArgument, "no log level: " + options.level);
  }
  if (!sink) sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>(std::move(name), std::move(sink));
  logger->set_level(level);
  logger->set_formatter(std::make_unique<SafeFormatter>(options.json));
  logger->flush_on(spdlog::level::warn);
  return logger;
}

Status SetUpLog(const LogOptions& options, spdlog::sink_ptr sink) {
  BG_TRY(auto logger, MakeLogger("blobgate", options, std::move(sink)));
  spdlog::set_default_logger(std::move(logger));
  return {};
}

void SetLogLevel(const std::string& level) {
  spdlog::default_logger_raw()->set_level(spdlog::level::from_str(level));
}

}  // namespace blobgate
