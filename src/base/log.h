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

/// Of the default logger, from now on. `level` is one of LogOptions. Any thread.
void SetLogLevel(const std::string& level);

/// `text` with the value of every `sig=` (a SAS signature), also of one whose `=` is escaped as
/// `%3D`, replaced by REDACTED.
std::string RedactSecrets(std::string_view text);

}  // namespace blobgate
