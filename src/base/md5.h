// MD5 (RFC 1321), as Azure's contract demands it; not for security.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/buffer.h"
#include "base/digest.h"

namespace blobgate {

/// A running MD5. Each of its steps waits for the one before, 0.6 GB/s a core whatever the core can
/// do besides: so streams are best taken several at once, up to six times as fast (Compress,
/// base/md5_batch.h). Our own for that, which no library of Debian's has.
class Md5 {
 public:
  /// Whole blocks of a stream that are still to be taken in. `data` stays until then.
  struct Blocks {
    std::uint32_t* words = nullptr;  ///< four: the state that they go into
    const std::byte* data = nullptr;
    std::size_t count = 0;
  };
  static constexpr std::size_t kBlock = 64;

  void Update(Bytes data);
  /// As Update, but for what it gives back, which somebody takes in before anything else is called.
  Blocks Begin(Bytes data);
  /// Ends the computation; call once.
  Md5Digest Final();

  /// Takes all of it in, in lanes of the processor's vectors (AVX2) where there are several.
  static void Compress(std::span<Blocks> jobs);
  /// The same, one after the other.
  static void CompressEach(std::span<Blocks> jobs);

 private:
  std::array<std::uint32_t, 4> words_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::uint64_t length_ = 0;            // bytes so far
  std::array<std::byte, kBlock> tail_;  // the first length_ % kBlock of them wait for more
};

Md5Digest Md5Of(Bytes data);

}  // namespace blobgate
