// Random UUIDs (RFC 9562 version 4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blobgate {

/// Lower case, with hyphens. Any thread; from the operating system's random source.
std::string NewUuid();
/// True for the form 8-4-4-4-12 of hex digits, any case.
bool IsUuid(std::string_view text);
std::uint64_t RandomU64();

}  // namespace blobgate
