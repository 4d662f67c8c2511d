#include "query/parquet/decimal_text.h"

#include <algorithm>
#include <vector>

namespace blobgate::query::parquet {
namespace {

/// The absolute value as bytes, the most significant first.
std::vector<std::uint8_t> Magnitude(std::string_view bytes, bool negative) {
  std::vector<std::uint8_t> magnitude(bytes.begin(), bytes.end());
  if (!negative) return magnitude;
  unsigned carry = 1;
  for (auto byte = magnitude.rbegin(); byte != magnitude.rend(); ++byte) {
    carry += static_cast<std::uint8_t>(~*byte);
    *byte = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return magnitude;
}

/// Divides by 1,000,000,000; the remainder.
std::uint32_t TakeDigits(std::vector<std::uint8_t>& number) {
  std::uint64_t rest = 0;
  for (std::uint8_t& byte : number) {
    rest = rest << 8 | byte;
    byte = static_cast<std::uint8_t>(rest / 1'000'000'000);
    rest %= 1'000'000'000;
  }
  return static_cast<std::uint32_t>(rest);
}

}  // namespace

std::string DecimalText(std::string_view bytes, std::uint32_t scale) {
  const bool negative = !bytes.empty() && static_cast<signed char>(bytes.front()) < 0;
  std::vector<std::uint8_t> number = Magnitude(bytes, negative);
  std::string text;  // from its end
  while (std::ranges::any_of(number, [](std::uint8_t byte) { return byte != 0; })) {
    std::uint32_t nine = TakeDigits(number);
    for (int i = 0; i < 9; ++i, nine /= 10) text += static_cast<char>('0' + nine % 10);
  }
  while (text.size() > scale + 1 && text.back() == '0') text.pop_back();
  while (text.size() < scale + 1) text += '0';
  if (scale > 0) text.insert(scale, 1, '.');
  if (negative) text += '-';
  std::ranges::reverse(text);
  return text;
}

}  // namespace blobgate::query::parquet
