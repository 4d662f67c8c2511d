// The compressions of Parquet's pages, each by its library.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "query/parquet/problem.h"

namespace blobgate::query::parquet {

/// The numbers are the format's.
enum class Codec : std::uint8_t {
  kNone = 0,
  kSnappy = 1,
  kGzip = 2,
  kLzo = 3,  ///< not read
  kBrotli = 4,
  kLz4Hadoop = 5,  ///< blocks of LZ4 in Hadoop's frames; deprecated
  kZstd = 6,
  kLz4 = 7,
};

/// Exactly `size` bytes, which is the caller's to bound: nothing beyond them is allocated, whatever
/// `packed` says.
Outcome<std::string> Decompress(Codec codec, std::string_view packed, std::size_t size);

}  // namespace blobgate::query::parquet
