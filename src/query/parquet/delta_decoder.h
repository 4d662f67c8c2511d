// Parquet's DELTA_BINARY_PACKED: integers as bit-packed differences, in blocks of miniblocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/parquet/bytes.h"
#include "query/parquet/problem.h"

namespace blobgate::query::parquet {

class DeltaDecoder {
 public:
  /// `bytes` must outlive it; more may follow there. More numbers than `most` are malformed.
  static Outcome<DeltaDecoder> Open(std::string_view bytes, std::uint64_t most);

  /// nullopt: there are no more, or they are malformed. Of 32 bit integers the low half counts.
  std::optional<std::int64_t> Next();
  std::uint64_t total() const { return total_; }
  /// What is behind the last of them, which is found without looking at them. REQUIRES: Next was
  /// not called yet.
  Outcome<std::string_view> Behind() const;

 private:
  DeltaDecoder(std::string_view bytes) : input_(bytes) {}
  bool ReadMiniblock();

  Cursor input_;
  std::uint64_t miniblocks_ = 0;  ///< of a block
  std::uint64_t length_ = 0;      ///< numbers of a miniblock
  std::uint64_t total_ = 0;
  std::uint64_t left_ = 0;   ///< of all
  std::uint64_t value_ = 0;  ///< the next one is this, the first time; the one before it later
  bool first_ = true;
  std::string_view widths_;         ///< of the miniblocks of the block that are still to come
  std::uint64_t least_ = 0;         ///< difference of the block
  std::uint64_t in_miniblock_ = 0;  ///< numbers of it that are left
  unsigned width_ = 0;
  std::string_view numbers_;
  std::uint64_t bit_ = 0;
};

}  // namespace blobgate::query::parquet
