// Why a Parquet file cannot be read any further.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

#include "base/result.h"

namespace blobgate::query::parquet {

struct Problem {
  enum class Kind : std::uint8_t {
    kMalformed,
    kUnsupported,  ///< as it should be, but nothing that we read
    kTooLarge,     ///< more memory than a query has
  };
  Kind kind = Kind::kMalformed;
  std::string text;  ///< a sentence for the client
};

template <class T>
using Outcome = std::expected<T, Problem>;

inline std::unexpected<Problem> Malformed(std::string text) {
  return std::unexpected(Problem{Problem::Kind::kMalformed, std::move(text)});
}
inline std::unexpected<Problem> Unsupported(std::string text) {
  return std::unexpected(Problem{Problem::Kind::kUnsupported, std::move(text)});
}
inline std::unexpected<Problem> TooLarge(std::string text) {
  return std::unexpected(Problem{Problem::Kind::kTooLarge, std::move(text)});
}

}  // namespace blobgate::query::parquet
