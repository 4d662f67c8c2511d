// What the fuzz targets share: ways to take their input apart, and to say what must hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "http/request_head.h"

namespace blobgate::fuzz {

inline void Require(bool condition) {
  if (!condition) std::abort();
}

inline std::string_view TextOf(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Takes what is before the first `stop` off the front of `text`, and that `stop`.
inline std::string_view TakeUntil(std::string_view& text, char stop) {
  const std::size_t end = std::min(text.find(stop), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

inline std::string_view TakeLine(std::string_view& text) {
  return TakeUntil(text, '\n');
}

/// Takes a byte; 0 at the end.
inline std::uint8_t TakeByte(std::string_view& text) {
  if (text.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(text.front());
  text.remove_prefix(1);
  return byte;
}

/// Is `part` a view into `whole`?
inline bool Within(std::string_view part, std::string_view whole) {
  if (part.empty()) return true;
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

inline bool HasNoLineBreak(std::string_view text) {
  constexpr std::string_view kBreaks{"\r\n\0", 3};
  return text.find_first_of(kBreaks) == std::string_view::npos;
}

/// The rest of `text` as lines `Name:value`.
inline http::HeaderView HeadersOf(std::string_view text) {
  http::HeaderView headers;
  while (!text.empty()) {
    std::string_view line = TakeLine(text);
    const std::string_view name = TakeUntil(line, ':');
    while (line.starts_with(' ')) line.remove_prefix(1);
    headers.Add(name, line);
  }
  return headers;
}

}  // namespace blobgate::fuzz
