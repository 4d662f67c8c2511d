// One line a request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blobgate::gateway {

struct AccessEntry {
  std::string request_id;
  std::string peer;
  std::string method;
  std::string target;          ///< with `sig` removed
  std::string_view operation;  ///< Azure's name; "-" when none was found
  std::string account;
  unsigned status = 0;
  std::string error_code;  ///< empty on success
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  double seconds = 0;  ///< from the parsed head to the last byte sent
  bool complete = false;
};

/// Any thread; must not block for long.
class AccessLog {
 public:
  virtual ~AccessLog() = default;
  virtual void Write(const AccessEntry& entry) = 0;
};

/// `target` with the value of every `sig` parameter replaced, for logs.
std::string RedactTarget(std::string_view target);

}  // namespace blobgate::gateway
