#include "query/parquet/delta_decoder.h"

#include <algorithm>

namespace blobgate::query::parquet {
namespace {

/// Of a block. Writers use 128.
constexpr std::uint64_t kMaxBlock = 1024 * 1024;

std::unexpected<Problem> Bad() {
  return Malformed("Delta-encoded integers are malformed.");
}

}  // namespace

Outcome<DeltaDecoder> DeltaDecoder::Open(std::string_view bytes, std::uint64_t most) {
  DeltaDecoder decoder(bytes);
  const auto block = decoder.input_.Varint();
  const auto miniblocks = decoder.input_.Varint();
  const auto total = decoder.input_.Varint();
  const auto first = decoder.input_.ZigzagVarint();
  if (!block || !miniblocks || !total || !first) return Bad();
  if (*block == 0 || *block > kMaxBlock || *miniblocks == 0 || *miniblocks > *block) return Bad();
  if (*block % *miniblocks != 0 || *block / *miniblocks % 8 != 0 || *total > most) return Bad();
  decoder.miniblocks_ = *miniblocks;
  decoder.length_ = *block / *miniblocks;
  decoder.total_ = *total;
  decoder.left_ = *total;
  decoder.value_ = static_cast<std::uint64_t>(*first);
  return decoder;
}

std::optional<std::int64_t> DeltaDecoder::Next() {
  if (left_ == 0) return std::nullopt;
  if (first_) {
    first_ = false;
  } else {
    if (in_miniblock_ == 0 && !ReadMiniblock()) return std::nullopt;
    --in_miniblock_;
    value_ += least_ + LoadBits(numbers_, bit_, width_);
    bit_ += width_;
  }
  --left_;
  return static_cast<std::int64_t>(value_);
}

/// REQUIRES: left_ numbers, more than 0, are in it or behind it.
bool DeltaDecoder::ReadMiniblock() {
  if (widths_.empty()) {
    const auto least = input_.ZigzagVarint();
    const auto widths = input_.Take(miniblocks_);
    if (!least || !widths) return false;
    least_ = static_cast<std::uint64_t>(*least);
    widths_ = *widths;
  }
  width_ = static_cast<unsigned char>(widths_.front());
  widths_.remove_prefix(1);
  if (width_ > 64) return false;
  // Some writers leave out the end of the last one, which nobody needs.
  const std::uint64_t whole = length_ * width_ / 8;
  const std::uint64_t needed = (std::min(left_, length_) * width_ + 7) / 8;
  const auto bytes = input_.Take(std::clamp<std::uint64_t>(input_.rest().size(), needed, whole));
  if (!bytes) return false;
  numbers_ = *bytes;
  bit_ = 0;
  in_miniblock_ = length_;
  return true;
}

Outcome<std::string_view> DeltaDecoder::Behind() const {
  DeltaDecoder walker = *this;
  if (walker.left_ > 0) --walker.left_;
  while (walker.left_ > 0) {
    if (!walker.ReadMiniblock()) return Bad();
    walker.left_ -= std::min(walker.left_, length_);
  }
  return walker.input_.rest();
}

}  // namespace blobgate::query::parquet
