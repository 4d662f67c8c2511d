// Tokens: names of methods and header fields (RFC 9110 section 5.6.2).
#pragma once

#include <string_view>

namespace blobgate::http {

constexpr bool IsTokenChar(char c) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
         kPunctuation.find(c) != std::string_view::npos;
}

}  // namespace blobgate::http
