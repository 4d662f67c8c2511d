#include <array>

#include "base/crc64.h"
#include "base/crc64_internal.h"

namespace blobgate {
namespace {

// kPowers[k]: x^(8 * 2^k - 1), what moves a remainder past 2^k bytes (the product adds one x).
consteval std::array<std::uint64_t, 64> MakePowers() {
  std::array<std::uint64_t, 64> powers{};
  const std::uint64_t x = 1ull << 62;
  powers[0] = crc64::PowerOfX(7);
  for (std::size_t k = 1; k < powers.size(); ++k) {
    // x^(2n-1) = x^(n-1) * x^(n-1) * x
    powers[k] = crc64::MultiplySlow(crc64::MultiplySlow(powers[k - 1], powers[k - 1]), x);
  }
  return powers;
}
constexpr std::array<std::uint64_t, 64> kPowers = MakePowers();

void CarrylessSoft(std::uint64_t a, std::uint64_t b, std::uint64_t& low, std::uint64_t& high) {
  low = high = 0;
  for (unsigned i = 0; i < 64; ++i) {
    if (((b >> i) & 1) == 0) continue;
    low ^= a << i;
    if (i != 0) high ^= a >> (64 - i);
  }
}

using Carryless = void (*)(std::uint64_t, std::uint64_t, std::uint64_t&, std::uint64_t&);

Carryless ChooseCarryless() {
#if defined(__x86_64__)
  if (crc64::SupportedVariants().size() > 1) return &crc64::CarrylessClmul;
#endif
  return &CarrylessSoft;
}

}  // namespace

std::uint64_t Crc64Combine(std::uint64_t crc_a, std::uint64_t crc_b, std::uint64_t length_b) {
  static const Carryless multiply = ChooseCarryless();
  // The inversions of A's and B's checksums cancel out: only A's remainder has to move.
  for (unsigned k = 0; length_b != 0; ++k, length_b >>= 1) {
    if ((length_b & 1) == 0) continue;
    std::uint64_t low;
    std::uint64_t high;
    multiply(crc_a, kPowers[k], low, high);
    crc_a = crc64::Step8(low) ^ high;
  }
  return crc_a ^ crc_b;
}

}  // namespace blobgate
