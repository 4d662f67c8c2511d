// Characters of text that may be malformed.
#pragma once

#include <cstddef>
#include <string_view>

#include "azure/utf8.h"

namespace blobgate::query {

/// The code point at `at`, which is moved behind it. A malformed byte counts as one character, and
/// has a value that no code point has. REQUIRES: at < text.size().
inline char32_t NextCharacter(std::string_view text, std::size_t& at) {
  constexpr char32_t kMalformed = 0x110000;
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) {
    ++at;
    return byte;
  }
  const azure::CodePoint point = azure::NextCodePoint(text.substr(at));
  at += point.bytes;
  return point.valid ? point.value : kMalformed + byte;
}

}  // namespace blobgate::query
