// Tokens: names of methods and header fields (RFC 9110 section 5.6.2).
#pragma once

#include <array>
#include <string_view>

namespace blobgate::http {

inline constexpr std::array<bool, 256> kTokenChars = [] {
  std::array<bool, 256> token{};
  for (int c = 'a'; c <= 'z'; ++c) token[c] = token[c - 'a' + 'A'] = true;
  for (int c = '0'; c <= '9'; ++c) token[c] = true;
  for (const unsigned char c : std::string_view("!#$%&'*+-.^_`|~")) token[c] = true;
  return token;
}();

constexpr bool IsTokenChar(char c) {
  return kTokenChars[static_cast<unsigned char>(c)];
}

}  // namespace blobgate::http
