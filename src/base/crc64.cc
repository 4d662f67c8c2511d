#include "base/crc64.h"

#include <atomic>

#include "base/crc64_internal.h"
#include "base/encoding.h"

namespace blobgate {
namespace crc64 {
namespace {

std::span<const Variant> FindVariants() {
  static constexpr Variant kAll[] = {
      {"table", &UpdateTable},
#if defined(__x86_64__)
      {"pclmul", &UpdateClmul},
      {"vpclmul", &UpdateVclmul},
#endif
  };
  std::size_t count = 1;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) {
    count = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("vpclmulqdq") ? 3 : 2;
  }
#endif
  return std::span(kAll).first(count);
}

std::uint64_t Choose(std::uint64_t crc, Bytes data);

// Starts as the chooser, so that it works before static initialisation of other files is done.
constinit std::atomic<Function> chosen = &Choose;

std::uint64_t Choose(std::uint64_t crc, Bytes data) {
  const Function best = SupportedVariants().back().function;
  chosen.store(best, std::memory_order_relaxed);
  return best(crc, data);
}

}  // namespace

std::span<const Variant> SupportedVariants() {
  static const std::span<const Variant> variants = FindVariants();
  return variants;
}

std::uint64_t UpdateTable(std::uint64_t crc, Bytes data) {
  const std::byte* p = data.data();
  std::size_t left = data.size();
  for (; left >= 8; left -= 8, p += 8) {
    std::uint64_t word;
    std::memcpy(&word, p, 8);
    crc = Step8(crc ^ word);
  }
  for (; left > 0; --left, ++p) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ std::to_integer<std::uint64_t>(*p)) & 0xFF];
  }
  return crc;
}

}  // namespace crc64

std::uint64_t Crc64(Bytes data, std::uint64_t crc) {
  return ~crc64::chosen.load(std::memory_order_relaxed)(~crc, data);
}

std::string Crc64ToBase64(std::uint64_t crc) {
  return Base64Encode(std::as_bytes(std::span(&crc, 1)));
}

}  // namespace blobgate
