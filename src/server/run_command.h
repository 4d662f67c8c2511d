// A program of the operator's that answers one question.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blobgate::server {

struct CommandRun {
  std::vector<std::string> argv;           ///< absolute path of the program first
  std::vector<std::string> environment{};  ///< "NAME=VALUE", besides the daemon's own
  std::chrono::milliseconds time{10'000};  ///< then it is killed
  std::size_t most_output = 64 * 1024;     ///< bytes of its standard output
};

/// Runs it without a shell in a process group of its own, which is killed at the end, with `input`
/// (at most 4096 bytes) as its standard input, and answers its standard output. It has no other
/// descriptor of ours, and nothing of what the service manager told us. Blocks. Errors, with the
/// first line that it wrote to its standard error: kIoError (cannot be started, ended by a signal
/// or with another code than 0), kTimeout, kTooLarge (its output), kCancelled (`stop`).
Result<std::string> RunCommand(const CommandRun& run, std::string_view input,
                               const std::stop_token& stop);

}  // namespace blobgate::server
