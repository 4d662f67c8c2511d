// Parquet's hybrid of runs and bit-packed numbers: levels, indices of a dictionary, booleans.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "query/parquet/bytes.h"

namespace blobgate::query::parquet {

class HybridDecoder {
 public:
  static constexpr unsigned kMaxWidth = 32;

  /// `bytes` must outlive it. REQUIRES: width <= kMaxWidth.
  HybridDecoder(std::string_view bytes, unsigned width) : input_(bytes), width_(width) {}

  /// nullopt: there are no more, or they are malformed.
  std::optional<std::uint32_t> Next();

 private:
  bool ReadRun();

  Cursor input_;
  unsigned width_;
  std::uint64_t left_ = 0;    ///< numbers of the run
  bool packed_ = false;       ///< the run is of numbers; else of one that repeats
  std::string_view numbers_;  ///< packed
  std::uint64_t bit_ = 0;     ///< of the next one in them
  std::uint32_t repeated_ = 0;
};

}  // namespace blobgate::query::parquet
