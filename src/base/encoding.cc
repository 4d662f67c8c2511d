#include "base/encoding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace blobgate {
namespace {

constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xff;

constexpr std::array<std::uint8_t, 256> kBase64Values = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  for (std::size_t i = 0; i < kBase64Alphabet.size(); ++i) {
    values[static_cast<unsigned char>(kBase64Alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

constexpr int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// LowerOf for eight characters at once.
constexpr std::uint64_t LowerOfEach(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = kOnes * 0x80;
  const std::uint64_t low = word & ~kHigh;
  const std::uint64_t from_a = low + kOnes * (0x80 - 'A');  // in the high bits
  const std::uint64_t past_z = low + kOnes * (0x7f - 'Z');
  const std::uint64_t upper = from_a & ~past_z & ~word & kHigh;
  return word | upper >> 2;
}

template <class Word>
std::uint64_t WordAt(std::string_view text, std::size_t at) {
  Word word;
  std::memcpy(&word, text.data() + at, sizeof word);
  return word;
}

/// All of a text of one to seven characters, some of them twice.
std::uint64_t ShortWord(std::string_view text) {
  constexpr std::size_t kHalf = sizeof(std::uint32_t);
  const std::size_t size = text.size();
  if (size >= kHalf) {
    return WordAt<std::uint32_t>(text, 0) | WordAt<std::uint32_t>(text, size - kHalf) << 32;
  }
  const auto at = [text](std::size_t i) -> std::uint64_t {
    return static_cast<unsigned char>(text[i]);
  };
  return at(0) | at(size / 2) << 8 | at(size - 1) << 16;
}

constexpr bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

constexpr bool IsContinuation(unsigned char c) {
  return (c & 0xc0) == 0x80;
}

// The length of the well-formed UTF-8 sequence that `text` starts with; 0 when there is none.
std::size_t SequenceLength(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(at(i))) return 0;
  }
  // Overlong forms, surrogates, and code points above U+10FFFF show in the second byte.
  const unsigned char second = at(1);
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second > 0x9f) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second > 0x8f) return 0;
  return length;
}

}  // namespace

std::string Base64Encode(Bytes data) {
  std::string out((data.size() + 2) / 3 * 4, '=');
  const auto at = [&](std::size_t i) -> std::uint32_t {
    return i < data.size() ? std::to_integer<std::uint32_t>(data[i]) : 0;
  };
  char* to = out.data();
  for (std::size_t i = 0; i < data.size(); i += 3, to += 4) {
    const std::uint32_t group = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    to[0] = kBase64Alphabet[group >> 18];
    to[1] = kBase64Alphabet[group >> 12 & 63];
    if (i + 1 < data.size()) to[2] = kBase64Alphabet[group >> 6 & 63];
    if (i + 2 < data.size()) to[3] = kBase64Alphabet[group & 63];
  }
  return out;
}

std::optional<std::string> Base64Decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t digits = text.size();
  while (digits > 0 && text.size() - digits < 2 && text[digits - 1] == '=') --digits;
  std::string out;
  out.reserve(digits * 3 / 4);
  std::uint32_t group = 0;
  unsigned bits = 0;
  // Bits left over in the last digit are ignored, as .NET does: clients make block ids of any four
  // letters.
  for (const char c : text.substr(0, digits)) {
    const std::uint8_t value = kBase64Values[static_cast<unsigned char>(c)];
    if (value == kNoDigit) return std::nullopt;
    group = group << 6 | value;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      out += static_cast<char>(group >> bits & 0xff);
    }
  }
  return out;
}

std::string Base64UrlEncode(Bytes data) {
  std::string out = Base64Encode(data);
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

std::optional<std::string> Base64UrlDecode(std::string_view text) {
  if (text.find_first_of("+/=") != text.npos) return std::nullopt;
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  while (standard.size() % 4 != 0) standard += '=';
  auto decoded = Base64Decode(standard);
  if (!decoded || Base64UrlEncode(*decoded) != text) return std::nullopt;
  return decoded;
}

std::string HexEncode(Bytes data) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(data.size() * 2);
  for (const std::byte b : data) {
    out += kDigits[std::to_integer<unsigned>(b) >> 4];
    out += kDigits[std::to_integer<unsigned>(b) & 15];
  }
  return out;
}

std::optional<char> PercentEscape(std::string_view text) {
  if (text.size() < 3 || text[0] != '%') return std::nullopt;
  const int high = HexValue(text[1]);
  const int low = HexValue(text[2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

std::optional<std::string> PercentDecode(std::string_view text) {
  std::size_t escape = text.find('%');
  std::string out(text.substr(0, escape));
  if (escape == std::string_view::npos) return out;
  out.reserve(text.size());
  while (escape != std::string_view::npos) {
    text.remove_prefix(escape);
    const std::optional<char> escaped = PercentEscape(text);
    if (!escaped) return std::nullopt;
    out += *escaped;
    text.remove_prefix(3);
    escape = text.find('%');
    out += text.substr(0, escape);
  }
  return out;
}

std::string PercentEncode(std::string_view text, std::string_view keep) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 4);
  for (const char c : text) {
    if (IsUnreserved(c) || keep.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string ToLower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), LowerOf);
  return out;
}

// Eight characters at a time; the last eight may overlap those before.
bool SameSizeEqualsIgnoreCase(std::string_view a, std::string_view b) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  if (a.empty()) return true;
  if (a.size() < kWord) return LowerOfEach(ShortWord(a)) == LowerOfEach(ShortWord(b));
  const auto same = [&](std::size_t at) {
    const std::uint64_t x = WordAt<std::uint64_t>(a, at), y = WordAt<std::uint64_t>(b, at);
    return x == y || LowerOfEach(x) == LowerOfEach(y);
  };
  const std::size_t last = a.size() - kWord;
  for (std::size_t at = 0; at < last; at += kWord) {
    if (!same(at)) return false;
  }
  return same(last);
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<std::uint64_t> ParseUnsigned(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool IsUtf8(std::string_view text) {
  unsigned char bits = 0;
  for (const char c : text) bits |= static_cast<unsigned char>(c);  // many characters at a time
  if (bits < 0x80) return true;
  while (!text.empty()) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace blobgate
