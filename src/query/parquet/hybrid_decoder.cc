#include "query/parquet/hybrid_decoder.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace blobgate::query::parquet {

std::optional<std::uint32_t> HybridDecoder::Next() {
  while (left_ == 0) {
    if (!ReadRun()) return std::nullopt;
  }
  --left_;
  if (!packed_) return repeated_;
  const auto value = static_cast<std::uint32_t>(LoadBits(numbers_, bit_, width_));
  bit_ += width_;
  return value;
}

/// A run of no numbers is one too: each takes a byte at least, so that they end.
bool HybridDecoder::ReadRun() {
  const auto header = input_.Varint();
  if (!header || *header > std::numeric_limits<std::uint32_t>::max()) return false;
  packed_ = *header & 1;
  const std::uint64_t count = *header >> 1;
  if (packed_) {
    // Groups of 8. The last one of a page may lack the bytes that nobody needs.
    const std::uint64_t size = std::min<std::uint64_t>(count * width_, input_.rest().size());
    left_ = width_ == 0 ? count * 8 : std::min(count * 8, size * 8 / width_);
    bit_ = 0;
    numbers_ = *input_.Take(size);
    return true;
  }
  const auto bytes = input_.Take((width_ + 7) / 8);
  if (!bytes) return false;
  repeated_ = 0;
  std::memcpy(&repeated_, bytes->data(), bytes->size());
  left_ = count;
  return true;
}

}  // namespace blobgate::query::parquet
