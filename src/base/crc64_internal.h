// Parts of CRC-64/NVME shared by its variants. Not for use outside base/crc64*.cc and their test.
//
// "Raw" means without the inversions at both ends. A 64-bit value v stands for the polynomial whose
// coefficient of x^(63-i) is bit i of v (reflected); bytes of the message come lowest bit first.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "base/buffer.h"

namespace blobgate::crc64 {

static_assert(std::endian::native == std::endian::little, "stored numbers are little endian");

inline constexpr std::uint64_t kPolynomial = 0x9A6C9329AC4BC9B5;  ///< reflected AD93D23594C93659

using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

consteval Tables MakeTables() {
  Tables tables{};
  for (std::uint64_t i = 0; i < 256; ++i) {
    std::uint64_t v = i;
    for (int bit = 0; bit < 8; ++bit) v = (v >> 1) ^ ((v & 1) ? kPolynomial : 0);
    tables[0][i] = v;
  }
  for (std::size_t t = 1; t < 8; ++t) {
    for (std::size_t i = 0; i < 256; ++i) {
      const std::uint64_t before = tables[t - 1][i];
      tables[t][i] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

/// kTables[k][b]: the remainder of byte b followed by k zero bytes.
inline constexpr Tables kTables = MakeTables();

/// v * x^64 mod P: eight message bytes go through the register at once.
inline std::uint64_t Step8(std::uint64_t v) {
  return kTables[7][v & 0xFF] ^ kTables[6][(v >> 8) & 0xFF] ^ kTables[5][(v >> 16) & 0xFF] ^
         kTables[4][(v >> 24) & 0xFF] ^ kTables[3][(v >> 32) & 0xFF] ^
         kTables[2][(v >> 40) & 0xFF] ^ kTables[1][(v >> 48) & 0xFF] ^ kTables[0][v >> 56];
}

/// a * b mod P, one bit at a time. For constants.
constexpr std::uint64_t MultiplySlow(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  for (int i = 63; i >= 0; --i) {  // bit i of b is x^(63-i)
    if ((b >> i) & 1) product ^= a;
    a = (a >> 1) ^ ((a & 1) ? kPolynomial : 0);
  }
  return product;
}

/// x^n mod P.
constexpr std::uint64_t PowerOfX(std::uint64_t n) {
  std::uint64_t result = 1ull << 63;
  std::uint64_t square = 1ull << 62;
  for (; n != 0; n >>= 1) {
    if (n & 1) result = MultiplySlow(result, square);
    square = MultiplySlow(square, square);
  }
  return result;
}

/// The raw register after `data`, from `crc`.
using Function = std::uint64_t (*)(std::uint64_t crc, Bytes data);

struct Variant {
  const char* name;
  Function function;
};

std::uint64_t UpdateTable(std::uint64_t crc, Bytes data);

/// The variants this CPU can run, the best one last. Never empty.
std::span<const Variant> SupportedVariants();

#if defined(__x86_64__)
/// REQUIRES: the CPU has PCLMULQDQ and SSE4.1.
std::uint64_t UpdateClmul(std::uint64_t crc, Bytes data);
/// REQUIRES: the CPU has VPCLMULQDQ and AVX2.
std::uint64_t UpdateVclmul(std::uint64_t crc, Bytes data);
/// The 128-bit carry-less product. REQUIRES: PCLMULQDQ.
void CarrylessClmul(std::uint64_t a, std::uint64_t b, std::uint64_t& low, std::uint64_t& high);
#endif

}  // namespace blobgate::crc64
