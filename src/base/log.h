// The log: spdlog with our two formats. Code logs through spdlog's own functions.
#pragma once

#include <spdlog/spdlog.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace blobgate {

struct LogOptions {
  std::string level = "info";  ///< trace, debug, info, warn, error, critical or off
  bool json = false;           ///< one JSON object a line, instead of text
};

/// A logger, unregistered, whose lines pass through RedactSecrets. Any thread may log. `sink` null:
/// standard error. Errors: kInvalidArgument (no such level).
Result<std::shared_ptr<spdlog::logger>> MakeLogger(std::string name, const LogOptions& options,
                                                   spdlog::sink_ptr sink = nullptr);

/// Makes such a logger the default one. At start-up, before other threads log.
Status SetUpLog(const LogOptions& options, spdlog::sink_ptr sink = nullptr);

/// While one lives, what this thread logs says that it belongs to the request `id`: as `request_id`
/// in JSON, before the message in text. Must not live across a suspension of a Task, which may
/// resume after others have run. May be nested.
class RequestLogScope {
 public:
  /// `id` outlives this.
  explicit RequestLogScope(std::string_view id);
  ~RequestLogScope();
  RequestLogScope(const RequestLogScope&) = delete;
  RequestLogScope& operator=(const RequestLogScope&) = delete;

 private:
  const std::string_view outer_;
};

/// A logger of another name that shares level, format and sink with the default one, and of which
/// no line is left out, whatever the level. Its name stands before the message in text.
std::shared_ptr<spdlog::logger> AuditLogger();

/// Of the default logger, from now on. `level` is one of LogOptions. Any thread.
void SetLogLevel(const std::string& level);

/// `text` with the value of every `sig=` (a SAS signature), also of one whose `=` is escaped as
/// `%3D`, replaced by REDACTED.
std::string RedactSecrets(std::string_view text);

}  // namespace blobgate
