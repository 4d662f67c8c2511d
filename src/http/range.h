// Byte ranges (RFC 9110 section 14, as Azure reads them: one range, `bytes=a-` or `bytes=a-b`).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace blobgate::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> last;  ///< inclusive; nullopt: to the end
};

/// nullopt for every other form (suffix ranges, several ranges, other units, last < first).
std::optional<ByteRange> ParseRange(std::string_view text);

}  // namespace blobgate::http
