// Finds the records in the bytes of a blob, which come in pieces.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "azure/query_request.h"
#include "query/record.h"
#include "query/statement.h"

namespace blobgate::query {

/// Bytes of the longest record.
inline constexpr std::size_t kMaxRecord = 1024 * 1024;

/// What ends a query: Azure's name and text of it.
struct FatalError {
  std::string name;
  std::string description;
  std::uint64_t position = 0;  ///< offset in the blob
};

/// Bytes of a blob.
struct InputRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

/// Holds at most one record and the piece that it was fed last. Feed pieces of 64 KiB or more: an
/// incomplete record is looked at again from its beginning.
class RecordReader {
 public:
  enum class Step : std::uint8_t { kRecord, kNeedInput, kEnd };

  virtual ~RecordReader() = default;

  /// What Feed takes next; nullopt, the same always: the bytes that follow, in order. An empty
  /// range when the blob is empty.
  virtual std::optional<InputRange> wanted() const { return std::nullopt; }
  /// The next bytes of the blob, exactly those wanted. REQUIRES: Next said kNeedInput, or nothing
  /// was asked yet.
  virtual void Feed(std::string_view bytes) = 0;
  /// There are no more bytes.
  virtual void Finish() = 0;
  /// Goes to the next record.
  virtual std::expected<Step, FatalError> Next() = 0;
  /// Goes behind records that follow, up to the end, when they can be counted without being read.
  /// Their number; 0: they cannot, or there are none.
  virtual std::uint64_t SkipRecords() { return 0; }

  // Of the current record.
  virtual const Record& record() const = 0;
  virtual std::uint64_t begin() const = 0;  ///< offset in the blob
  virtual std::uint64_t end() const = 0;    ///< behind its separator
  /// What it took to find it, in bytes of Budget, where that is not bounded by the input's length.
  virtual std::uint64_t cost() const { return 0; }
};

/// `fields`: what Record::Field is asked for. Outlives the reader, as does `path`.
std::unique_ptr<RecordReader> NewDelimitedReader(const azure::DelimitedText& format,
                                                 const std::vector<FieldPath>& fields);
/// `path`: the part of each record that is a record of the query, or several.
std::unique_ptr<RecordReader> NewJsonReader(const azure::JsonText& format,
                                            const std::vector<FieldPath>& fields,
                                            const std::vector<PathStep>& path);
/// Asks for the ranges that it needs. `everything`: all columns are needed, not only `fields`.
std::unique_ptr<RecordReader> NewParquetReader(std::uint64_t blob_size,
                                               const std::vector<FieldPath>& fields,
                                               bool everything);

}  // namespace blobgate::query
