// What a Parquet file says of itself: its footer and the headers of its pages, read with Apache
// Thrift's compact protocol (parquet.thrift) and checked. Everything in it is a client's word:
// what is not refused here is within the limits given here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/parquet/decompress.h"
#include "query/parquet/problem.h"

namespace blobgate::query::parquet {

/// Bytes of a footer.
inline constexpr std::uint64_t kMaxFooter = 16 * 1024 * 1024;
/// Columns, row groups and column chunks of a file, all together.
inline constexpr std::int32_t kMaxParts = 256 * 1024;
/// Bytes of the header of a page, which may have statistics in it.
inline constexpr std::uint64_t kMaxPageHeader = 1024 * 1024;
/// Bytes of a page, compressed or not.
inline constexpr std::uint64_t kMaxPage = 64 * 1024 * 1024;
/// Values of a page.
inline constexpr std::uint64_t kMaxPageValues = 64 * 1024 * 1024;

/// How values are stored. The numbers are the format's.
enum class Physical : std::uint8_t {
  kBool = 0,
  kInt32 = 1,
  kInt64 = 2,
  kInt96 = 3,
  kFloat = 4,
  kDouble = 5,
  kBytes = 6,
  kFixedBytes = 7,
};

/// What values mean.
enum class Meaning : std::uint8_t {
  kPlain,  ///< what they are; bytes are text
  kUnsigned,
  kDecimal,
  kDate,
  kTime,
  kTimestamp,
  kUuid,
  kHalf,  ///< a float of 16 bits
  kInterval,
};

struct ColumnType {
  Physical physical = Physical::kBytes;
  std::uint32_t length = 0;  ///< bytes of a value; 0: they differ
  Meaning meaning = Meaning::kPlain;
  std::uint32_t bits = 0;       ///< kUnsigned: 8, 16, 32 or 64
  std::uint32_t scale = 0;      ///< kDecimal: digits behind the point
  std::uint32_t precision = 0;  ///< kDecimal: digits
  std::int64_t per_second = 0;  ///< kTime, kTimestamp but INT96
};

/// A column at the top of the schema.
struct Column {
  std::string name;
  ColumnType type;
  bool optional = false;
  std::size_t chunk = 0;  ///< its place among the chunks of a row group
  std::string refused;    ///< why it cannot be read; empty: it can
};

/// The values of one column in one row group.
struct Chunk {
  Codec codec = Codec::kNone;
  std::uint64_t begin = 0;  ///< offset in the blob
  std::uint64_t length = 0;
  std::uint64_t values = 0;
  const char* refused = nullptr;
};

struct RowGroup {
  std::uint64_t rows = 0;
  std::vector<Chunk> chunks;
};

struct FileMetadata {
  std::vector<Column> columns;
  std::vector<RowGroup> groups;
};

/// `bytes`: the footer without its length and magic. `blob_size`: all chunks lie within.
Outcome<FileMetadata> ParseFooter(std::string_view bytes, std::uint64_t blob_size);

enum class PageType : std::uint8_t { kData, kDictionary, kDataV2, kOther };

/// The numbers are the format's.
enum class Encoding : std::uint8_t {
  kPlain = 0,
  kPlainDictionary = 2,  ///< indices, or in a dictionary plain values
  kRuns = 3,
  kBitPacked = 4,  ///< levels only; deprecated, not read
  kDelta = 5,
  kDeltaLength = 6,
  kDeltaBytes = 7,
  kDictionary = 8,
  kByteStreamSplit = 9,
};

struct PageHeader {
  std::uint64_t size = 0;  ///< of the header itself
  PageType type = PageType::kOther;
  std::uint64_t packed = 0;  ///< bytes that follow the header
  std::uint64_t unpacked = 0;
  std::optional<std::uint32_t> crc;  ///< of the packed bytes
  std::uint64_t values = 0;          ///< of data, nulls among them; of a dictionary
  Encoding encoding = Encoding::kPlain;
  Encoding levels = Encoding::kRuns;   ///< kData
  std::uint64_t repetition_bytes = 0;  ///< kDataV2: in front of what is compressed
  std::uint64_t definition_bytes = 0;  ///< kDataV2: behind those
  bool compressed = true;              ///< kDataV2
};

/// nullopt: `bytes` end before the header does.
Outcome<std::optional<PageHeader>> ParsePageHeader(std::string_view bytes);

}  // namespace blobgate::query::parquet
