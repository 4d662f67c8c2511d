// One column of a Parquet file, value after value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "query/parquet/hybrid_decoder.h"
#include "query/parquet/metadata.h"
#include "query/parquet/value_decoder.h"
#include "query/record_reader.h"

namespace blobgate::query::parquet {

/// What all columns of a query hold together, bytes.
class Memory {
 public:
  explicit Memory(std::uint64_t limit) : left_(limit) {}
  /// Trades `held` for `now`; false: there is not that much, and nothing changed.
  bool Trade(std::uint64_t& held, std::uint64_t now) {
    if (now > left_ + held) return false;
    left_ = left_ + held - now;
    held = now;
    return true;
  }

 private:
  std::uint64_t left_;
};

/// Holds a page, the dictionary of its chunk, and compressed bytes that were read and not used.
class ColumnReader {
 public:
  /// `piece`: bytes to read at once. Column and `memory` must outlive it.
  ColumnReader(const Column& column, Memory& memory, std::uint64_t piece)
      : column_(column), memory_(memory), piece_(piece) {}

  /// Goes to a chunk, which is of `rows`.
  Outcome<void> Begin(const Chunk& chunk, std::uint64_t rows);
  /// Makes sure that there is a value to go to. Otherwise the bytes of the blob to Feed; call it
  /// again then. REQUIRES: values of the chunk are left.
  Outcome<std::optional<InputRange>> Prepare();
  void Feed(std::string_view bytes);
  /// Values that can be gone to before Prepare must be called.
  std::uint64_t ready() const { return page_left_; }
  /// Goes to the next value. REQUIRES: ready() > 0.
  Outcome<void> Advance();

  /// The current value; null ones are nullopt. Lives until any other call.
  const std::optional<Stored>& value() const { return value_; }
  const ColumnType& type() const { return column_.type; }
  /// Offset in the blob of the page after the current one.
  std::uint64_t offset() const { return chunk_.begin + fed_ - (raw_.size() - used_); }

 private:
  std::string_view unused() const { return std::string_view(raw_).substr(used_); }
  Outcome<std::optional<InputRange>> Want(std::uint64_t bytes);
  Outcome<void> TakePage();
  Outcome<void> TakeDictionary(std::string_view body);
  Outcome<void> TakeData(std::string_view body);
  Outcome<void> OpenData(std::string_view body);
  Outcome<void> OpenDataV2(std::string_view body);
  Outcome<void> OpenValues(std::string_view levels, std::string_view values);
  Outcome<void> Hold(std::uint64_t more);

  const Column& column_;
  Memory& memory_;
  const std::uint64_t piece_;
  std::uint64_t held_ = 0;  ///< of memory_

  Chunk chunk_;
  std::uint64_t rows_left_ = 0;       ///< values of pages that were not opened
  std::uint64_t fed_ = 0;             ///< bytes of the chunk
  std::string raw_;                   ///< the last of them
  std::size_t used_ = 0;              ///< of raw_
  std::optional<PageHeader> header_;  ///< of the page that is next

  std::optional<Dictionary> dictionary_;
  std::string page_;
  std::string level_bytes_;  ///< of data page 2, which are not in page_
  std::uint64_t page_left_ = 0;
  std::optional<HybridDecoder> levels_;  ///< nullopt: no value is null
  std::unique_ptr<ValueDecoder> values_;
  std::optional<Stored> value_;
};

}  // namespace blobgate::query::parquet
