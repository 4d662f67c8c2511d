#include "engine/local/hardware_crc32c.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace rocksdb::crc32c {

std::uint32_t Extend(std::uint32_t crc, const char* data, std::size_t size);

}  // namespace rocksdb::crc32c

namespace blobgate::engine {
namespace {

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t ExtendSse42(std::uint32_t crc, const char* data,
                                                            std::size_t size) {
  std::uint64_t state = ~crc;
  for (; size >= 8; size -= 8, data += 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    state = _mm_crc32_u64(state, word);
  }
  auto last = static_cast<std::uint32_t>(state);
  for (; size > 0; --size, ++data) last = _mm_crc32_u8(last, static_cast<unsigned char>(*data));
  return ~last;
}
#endif

}  // namespace

Crc32cFunction LibraryCrc32c() {
  // Its name as compilers make it (Itanium C++ ABI).
  return reinterpret_cast<Crc32cFunction>(::dlsym(RTLD_NEXT, "_ZN7rocksdb6crc32c6ExtendEjPKcm"));
}

Crc32cFunction HardwareCrc32c() {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("sse4.2")) return &ExtendSse42;
#endif
  return nullptr;
}

}  // namespace blobgate::engine

std::uint32_t rocksdb::crc32c::Extend(std::uint32_t crc, const char* data, std::size_t size) {
  static const blobgate::engine::Crc32cFunction best = [] {
    const auto hardware = blobgate::engine::HardwareCrc32c();
    const auto found = hardware != nullptr ? hardware : blobgate::engine::LibraryCrc32c();
    if (found == nullptr) {  // neither; before there is a log
      std::fputs("blobgate: the CRC-32C of RocksDB is not found\n", stderr);
      std::abort();
    }
    return found;
  }();
  return best(crc, data, size);
}
