// How an extent lies in its segment (docs/on-disk-format.md, "Extents").
//
//   position (multiple of 4096)
//   +--------------------------+-----------+---------------------------------------------+
//   | content                  | 0 to 4096 | trailer, only when content > 32 KiB:        |
//   |                          |           | CRC-64 of each chunk | zeros to 4096 | footer |
//   +--------------------------+-----------+---------------------------------------------+
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::engine {

static_assert(std::endian::native == std::endian::little, "stored numbers are little endian");

inline constexpr std::uint64_t kBlock = 4096;       ///< everything in a segment is aligned to it
inline constexpr std::uint64_t kChunk = 32 * 1024;  ///< content bytes under one checksum

/// The last bytes of a trailer.
struct TrailerFooter {
  static constexpr std::uint64_t kMagic = 0x31'54'58'45'74'61'67'42;  ///< "BgatEXT1"
  std::uint64_t magic = kMagic;
  std::uint64_t length = 0;       ///< content bytes
  std::uint64_t check = 0;        ///< CRC-64 of the content
  std::uint64_t segment = 0;      ///< where the extent was born
  std::uint64_t position = 0;     ///< where the extent was born
  std::uint64_t trailer_crc = 0;  ///< CRC-64 of the trailer up to here
};
static_assert(sizeof(TrailerFooter) == 48);

constexpr std::uint64_t RoundUp(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}
constexpr std::uint64_t PaddedLength(std::uint64_t length) {
  return RoundUp(length, kBlock);
}
constexpr std::uint64_t ChunkCount(std::uint64_t length) {
  return (length + kChunk - 1) / kChunk;
}
constexpr std::uint64_t TrailerLength(std::uint64_t length) {
  return length <= kChunk ? 0 : RoundUp(8 * ChunkCount(length) + sizeof(TrailerFooter), kBlock);
}
/// Bytes an extent takes in its segment.
constexpr std::uint64_t StoredLength(std::uint64_t length) {
  return PaddedLength(length) + TrailerLength(length);
}
/// Content bytes of one chunk.
constexpr std::uint64_t ChunkLength(std::uint64_t length, std::uint64_t chunk) {
  const std::uint64_t rest = length - chunk * kChunk;
  return rest < kChunk ? rest : kChunk;
}

/// The CRC-64 of each chunk of an extent.
using ChunkChecks = std::vector<std::uint64_t>;

/// Fills `out` (TrailerLength(ref.length) bytes).
void EncodeTrailer(const ExtentRef& ref, std::span<const std::uint64_t> checks, MutableBytes out);
/// False when `trailer` is damaged or belongs to another extent.
bool DecodeTrailer(const ExtentRef& ref, Bytes trailer, ChunkChecks& checks);

}  // namespace blobgate::engine
