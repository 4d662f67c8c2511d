// CRC-64 by carry-less multiplication (Gopal et al., "Fast CRC Computation for Generic Polynomials
// Using PCLMULQDQ Instruction", Intel 2009), compiled for CPUs that have it and called only there.
#include "base/crc64_internal.h"

#if defined(__x86_64__)
#include <immintrin.h>

namespace blobgate::crc64 {
namespace {

// A product of two reflected 64-bit values comes out times x, so x^n is reached with x^(n-1).
// A 128-bit lane is Low * x^64 + High (low half first in memory); moving it `bits` further needs
// Low * x^(bits+64) + High * x^bits.
struct Fold {
  std::uint64_t low;
  std::uint64_t high;
};
consteval Fold FoldBy(std::uint64_t bits) {
  return {PowerOfX(bits + 63), PowerOfX(bits - 1)};
}

constexpr Fold kFold128 = FoldBy(128);
constexpr Fold kFold1024 = FoldBy(1024);
constexpr Fold kFold2048 = FoldBy(2048);

#define BG_CLMUL __attribute__((target("pclmul,sse4.1")))
#define BG_VCLMUL __attribute__((target("avx2,vpclmulqdq,pclmul,sse4.1")))

BG_CLMUL inline __m128i Constants(const Fold& fold) {
  return _mm_set_epi64x(static_cast<long long>(fold.high), static_cast<long long>(fold.low));
}

BG_CLMUL inline __m128i Load(const std::byte* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

BG_CLMUL inline __m128i Advance(__m128i lane, __m128i k, __m128i next) {
  const __m128i low = _mm_clmulepi64_si128(lane, k, 0x00);
  const __m128i high = _mm_clmulepi64_si128(lane, k, 0x11);
  return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

// Takes whole 16-byte blocks off `data`, then leaves lane and rest to the table.
BG_CLMUL std::uint64_t Drain(__m128i lane, Bytes data) {
  const __m128i k = Constants(kFold128);
  while (data.size() >= 16) {
    lane = Advance(lane, k, Load(data.data()));
    data = data.subspan(16);
  }
  std::uint64_t half[2];
  std::memcpy(half, &lane, 16);
  return UpdateTable(Step8(Step8(half[0]) ^ half[1]), data);
}

BG_VCLMUL inline __m256i Load2(const std::byte* p) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
}

BG_VCLMUL inline __m256i Advance2(__m256i lanes, __m256i k, __m256i next) {
  const __m256i low = _mm256_clmulepi64_epi128(lanes, k, 0x00);
  const __m256i high = _mm256_clmulepi64_epi128(lanes, k, 0x11);
  return _mm256_xor_si256(_mm256_xor_si256(low, high), next);
}

}  // namespace

BG_CLMUL std::uint64_t UpdateClmul(std::uint64_t crc, Bytes data) {
  if (data.size() < 128) return UpdateTable(crc, data);
  __m128i lanes[8];
  for (int i = 0; i < 8; ++i) lanes[i] = Load(data.data() + 16 * i);
  lanes[0] = _mm_xor_si128(lanes[0], _mm_cvtsi64_si128(static_cast<long long>(crc)));
  data = data.subspan(128);
  const __m128i k = Constants(kFold1024);
  for (; data.size() >= 128; data = data.subspan(128)) {
    for (int i = 0; i < 8; ++i) lanes[i] = Advance(lanes[i], k, Load(data.data() + 16 * i));
  }
  const __m128i k128 = Constants(kFold128);
  for (int i = 1; i < 8; ++i) lanes[0] = Advance(lanes[0], k128, lanes[i]);
  return Drain(lanes[0], data);
}

BG_VCLMUL std::uint64_t UpdateVclmul(std::uint64_t crc, Bytes data) {
  if (data.size() < 512) return UpdateClmul(crc, data);
  __m256i lanes[8];
  for (int i = 0; i < 8; ++i) lanes[i] = Load2(data.data() + 32 * i);
  lanes[0] = _mm256_xor_si256(lanes[0], _mm256_set_epi64x(0, 0, 0, static_cast<long long>(crc)));
  data = data.subspan(256);
  const __m256i k = _mm256_broadcastsi128_si256(Constants(kFold2048));
  for (; data.size() >= 256; data = data.subspan(256)) {
    for (int i = 0; i < 8; ++i) lanes[i] = Advance2(lanes[i], k, Load2(data.data() + 32 * i));
  }
  const __m128i k128 = Constants(kFold128);
  __m128i lane = _mm256_castsi256_si128(lanes[0]);
  lane = Advance(lane, k128, _mm256_extracti128_si256(lanes[0], 1));
  for (int i = 1; i < 8; ++i) {
    lane = Advance(lane, k128, _mm256_castsi256_si128(lanes[i]));
    lane = Advance(lane, k128, _mm256_extracti128_si256(lanes[i], 1));
  }
  return Drain(lane, data);
}

BG_CLMUL void CarrylessClmul(std::uint64_t a, std::uint64_t b, std::uint64_t& low,
                             std::uint64_t& high) {
  const __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(a)),
                                               _mm_cvtsi64_si128(static_cast<long long>(b)), 0);
  low = static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
  high = static_cast<std::uint64_t>(_mm_extract_epi64(product, 1));
}

}  // namespace blobgate::crc64
#endif
