// Host names to addresses, with a deadline.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/task.h"

namespace blobgate::net {

/// The addresses of `host` (a name or a numeric address), IPv4-mapped ones as IPv4. Runs on the
/// calling Task's executor. The system's resolver cannot be interrupted: after kTimeout its answer
/// is awaited in the background and dropped. Errors: kTimeout, kUnavailable (no such host).
Task<Result<std::vector<boost::asio::ip::address>>> Resolve(std::string host,
                                                            std::chrono::milliseconds timeout);

}  // namespace blobgate::net
