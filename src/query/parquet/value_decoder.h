// The values of a page, one after the other, from any of Parquet's encodings.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/parquet/metadata.h"
#include "query/parquet/problem.h"

namespace blobgate::query::parquet {

/// A value as it is stored.
struct Stored {
  std::int64_t integer = 0;  ///< kBool, kInt32, kInt64
  std::string_view bytes;    ///< all others, little endian numbers among them
};

class ValueDecoder {
 public:
  virtual ~ValueDecoder() = default;

  /// The next value, whose bytes live until the next call. nullopt: there are no more, or they are
  /// malformed.
  virtual std::optional<Stored> Next() = 0;
};

/// The values that indices of data pages stand for.
class Dictionary {
 public:
  /// `page`: plain values, at least `count`.
  static Outcome<Dictionary> Open(const ColumnType& type, std::string page, std::uint64_t count);

  /// nullopt: there is no such value.
  std::optional<Stored> At(std::uint32_t index) const;
  /// Bytes of memory.
  std::uint64_t size() const { return page_.size() + ends_.size() * sizeof(std::uint32_t); }

 private:
  Dictionary(const ColumnType& type, std::string page) : type_(type), page_(std::move(page)) {}

  ColumnType type_;
  std::string page_;
  std::uint64_t count_ = 0;
  std::vector<std::uint32_t> ends_;  ///< of each in page_, when they are of different lengths
};

/// A value of a fixed length from its bytes. REQUIRES: they are type.length.
Stored FromBytes(Physical physical, std::string_view bytes);

/// `values`: the part of the page behind its levels. `count`: the most that are asked for.
/// `dictionary`: null when there is none. Both must outlive the decoder.
Outcome<std::unique_ptr<ValueDecoder>> NewValueDecoder(const ColumnType& type, Encoding encoding,
                                                       std::string_view values, std::uint64_t count,
                                                       const Dictionary* dictionary);

}  // namespace blobgate::query::parquet
