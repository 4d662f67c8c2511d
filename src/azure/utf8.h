// Code points of UTF-8 text, one at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace blobgate::azure {

struct CodePoint {
  char32_t value = 0;
  std::size_t bytes = 1;  ///< taken from the text; 1 when malformed
  bool valid = false;     ///< RFC 3629: no surrogates, no overlong forms, at most U+10FFFF
};

/// The first code point of `text`. REQUIRES: !text.empty().
CodePoint NextCodePoint(std::string_view text);

}  // namespace blobgate::azure
