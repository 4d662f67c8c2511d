// What one try of a socket gave.
#pragma once

#include <boost/system/error_code.hpp>
#include <cstddef>

namespace blobgate::net {

using boost::system::error_code;

/// What one step moved, and what went wrong. Without an error a read moved at least one byte.
struct IoResult {
  std::size_t bytes = 0;
  error_code ec{};
};

}  // namespace blobgate::net
