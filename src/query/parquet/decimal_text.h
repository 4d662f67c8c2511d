// Decimals of any width as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace blobgate::query::parquet {

/// `-12.30`: the big endian two's complement number `bytes`, with `scale` digits behind the point.
/// Takes time that grows with the square of the length: bound it.
std::string DecimalText(std::string_view bytes, std::uint32_t scale);

}  // namespace blobgate::query::parquet
