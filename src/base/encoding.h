// Text encodings: base64, hex, percent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/buffer.h"

namespace blobgate {

std::string Base64Encode(Bytes data);
inline std::string Base64Encode(std::string_view data) {
  return Base64Encode(AsBytes(data));
}
/// Standard alphabet, padding required, no white space (RFC 4648 section 4). nullopt otherwise.
std::optional<std::string> Base64Decode(std::string_view text);

/// The URL-safe alphabet without padding (RFC 4648 section 5, as JOSE uses it).
std::string Base64UrlEncode(Bytes data);
inline std::string Base64UrlEncode(std::string_view data) {
  return Base64UrlEncode(AsBytes(data));
}
/// Accepts only what Base64UrlEncode writes: no padding, no left-over bits. nullopt otherwise.
std::optional<std::string> Base64UrlDecode(std::string_view text);

/// Lower case.
std::string HexEncode(Bytes data);

/// The character that `text` begins with as %XX; nullopt when it does not.
std::optional<char> PercentEscape(std::string_view text);
/// Decodes %XX; everything else, `+` included, stays. nullopt when a % is not followed by two hex
/// digits.
std::optional<std::string> PercentDecode(std::string_view text);
/// Encodes all but RFC 3986 unreserved characters and those in `keep`.
std::string PercentEncode(std::string_view text, std::string_view keep = {});

/// ASCII only.
std::string ToLower(std::string_view text);
/// ASCII only; other bytes stay as they are.
constexpr char LowerOf(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}
/// REQUIRES: of one size. EqualsIgnoreCase is meant for users.
bool SameSizeEqualsIgnoreCase(std::string_view a, std::string_view b);
/// ASCII only. Most names that are compared differ in size or in the first letter, which costs no
/// call.
inline bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  constexpr int kButCase = 0xdf;
  if (a.size() != b.size()) return false;
  if (a.empty()) return true;
  return ((a.front() ^ b.front()) & kButCase) == 0 && SameSizeEqualsIgnoreCase(a, b);
}
/// Without spaces and tabs at both ends.
std::string_view Trim(std::string_view text);
/// A whole decimal number without sign or blanks; nullopt when it is none or does not fit.
std::optional<std::uint64_t> ParseUnsigned(std::string_view text);
/// True for well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
bool IsUtf8(std::string_view text);

}  // namespace blobgate
