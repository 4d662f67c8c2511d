#include "query/parquet/metadata.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "parquet_types.h"  // made of parquet.thrift
#include "query/parquet/schema.h"
#include "query/parquet/wire_reader.h"

namespace blobgate::query::parquet {
namespace {

/// In front of everything, and behind the footer and its length.
constexpr std::uint64_t kMagicSize = 4;

constexpr std::uint64_t kMostRows = std::numeric_limits<std::int64_t>::max();

/// A number that must be there and be none below 0, nor over `most`.
template <class T>
Outcome<std::uint64_t> Count(bool set, T value, std::uint64_t most, std::string_view what) {
  if (!set || value < 0) return Malformed("There is no " + std::string(what) + ".");
  if (static_cast<std::uint64_t>(value) > most) {
    return TooLarge("The " + std::string(what) + " is over " + std::to_string(most) + ".");
  }
  return static_cast<std::uint64_t>(value);
}

Outcome<Chunk> ChunkOf(const wire::ColumnChunk& wire, std::uint64_t blob_size) {
  Chunk chunk;
  if (wire.__isset.crypto) {
    chunk.refused = "The column is encrypted.";
    return chunk;
  }
  if (!wire.file_path.empty()) {
    chunk.refused = "The column is in another file.";
    return chunk;
  }
  const wire::ColumnMetaData& meta = wire.meta;
  if (!wire.__isset.meta || !meta.__isset.codec || !meta.__isset.data_page_offset) {
    return Malformed("A column has no metadata.");
  }
  if (meta.codec < 0 || meta.codec > static_cast<int>(Codec::kLz4)) {
    chunk.refused = "The column's compression is not known.";
    return chunk;
  }
  chunk.codec = static_cast<Codec>(meta.codec);
  BG_TRY(chunk.values,
         Count(meta.__isset.num_values, meta.num_values, kMostRows, "number of a column's values"));
  BG_TRY(chunk.length, Count(meta.__isset.total_compressed_size, meta.total_compressed_size,
                             blob_size, "size of a column"));
  if (chunk.values == 0) {  // Then its place may be anything.
    chunk.length = 0;
    return chunk;
  }
  // Some writers say 0 when there is no dictionary.
  const bool dictionary = meta.__isset.dictionary_page_offset && meta.dictionary_page_offset > 0;
  const std::int64_t begin = dictionary
                                 ? std::min(meta.dictionary_page_offset, meta.data_page_offset)
                                 : meta.data_page_offset;
  BG_TRY(chunk.begin, Count(true, begin, blob_size, "place of a column"));
  if (chunk.begin < kMagicSize || chunk.length > blob_size - chunk.begin) {
    return Malformed("A column is not within the file.");
  }
  return chunk;
}

Outcome<RowGroup> GroupOf(const wire::RowGroup& wire, std::size_t chunks, std::uint64_t blob_size) {
  RowGroup group;
  BG_TRY(group.rows, Count(wire.__isset.num_rows, wire.num_rows, kMostRows, "number of rows"));
  if (wire.columns.size() != chunks) return Malformed("A row group lacks columns.");
  group.chunks.reserve(chunks);
  for (const wire::ColumnChunk& column : wire.columns) {
    BG_TRY(const Chunk chunk, ChunkOf(column, blob_size));
    group.chunks.push_back(chunk);
  }
  return group;
}

struct TypedHeader {
  bool encoding_set;
  std::int32_t encoding;
  bool values_set;
  std::int32_t values;
};

Outcome<void> TakeCounts(const TypedHeader& typed, PageHeader& header) {
  BG_TRY(header.values,
         Count(typed.values_set, typed.values, kMaxPageValues, "number of a page's values"));
  if (!typed.encoding_set || typed.encoding < 0 ||
      typed.encoding > static_cast<int>(Encoding::kByteStreamSplit) || typed.encoding == 1) {
    return Unsupported("The encoding of a page is not known.");
  }
  header.encoding = static_cast<Encoding>(typed.encoding);
  return {};
}

Outcome<void> TakeDataV2(const wire::DataPageHeaderV2& data, PageHeader& header) {
  header.type = PageType::kDataV2;
  BG_CHECK(TakeCounts(
      {data.__isset.encoding, data.encoding, data.__isset.num_values, data.num_values}, header));
  BG_TRY(header.repetition_bytes, Count(data.__isset.repetition_bytes, data.repetition_bytes,
                                        header.packed, "size of a page's repetition levels"));
  BG_TRY(header.definition_bytes, Count(data.__isset.definition_bytes, data.definition_bytes,
                                        header.packed, "size of a page's definition levels"));
  header.compressed = data.is_compressed;
  const std::uint64_t levels = header.repetition_bytes + header.definition_bytes;
  if (levels > header.packed || levels > header.unpacked) {
    return Malformed("The levels of a page are longer than the page.");
  }
  return {};
}

Outcome<void> TakeTyped(const wire::PageHeader& wire, PageHeader& header) {
  if (wire.type == 0 && wire.__isset.data) {
    header.type = PageType::kData;
    const auto& data = wire.data;
    if (data.__isset.definition_encoding &&
        data.definition_encoding != static_cast<int>(Encoding::kRuns)) {
      header.levels = Encoding::kBitPacked;
    }
    return TakeCounts(
        {data.__isset.encoding, data.encoding, data.__isset.num_values, data.num_values}, header);
  }
  if (wire.type == 2 && wire.__isset.dictionary) {
    header.type = PageType::kDictionary;
    const auto& data = wire.dictionary;
    return TakeCounts(
        {data.__isset.encoding, data.encoding, data.__isset.num_values, data.num_values}, header);
  }
  if (wire.type == 3 && wire.__isset.data_v2) return TakeDataV2(wire.data_v2, header);
  if (wire.type == 0 || wire.type == 2 || wire.type == 3 || !wire.__isset.type) {
    return Malformed("The header of a page is not whole.");
  }
  return {};
}

}  // namespace

Outcome<FileMetadata> ParseFooter(std::string_view bytes, std::uint64_t blob_size) {
  wire::FileMetaData wire;
  std::size_t read = 0;
  if (ReadWire(bytes, kMaxParts, wire, read) != WireState::kWhole) {
    return Malformed("The footer is malformed, or has more than " + std::to_string(kMaxParts) +
                     " columns, row groups and their columns.");
  }
  FileMetadata file;
  BG_TRY(Schema schema, ReadSchema(wire.schema));
  file.columns = std::move(schema.columns);
  file.groups.reserve(wire.row_groups.size());
  for (wire::RowGroup& group : wire.row_groups) {
    BG_TRY(RowGroup checked, GroupOf(group, schema.leaves, blob_size));
    file.groups.push_back(std::move(checked));
    group.columns = {};
  }
  return file;
}

Outcome<std::optional<PageHeader>> ParsePageHeader(std::string_view bytes) {
  wire::PageHeader wire;
  PageHeader header;
  const WireState state = ReadWire(bytes, 0, wire, header.size);
  if (state == WireState::kCutOff) return std::nullopt;
  if (state == WireState::kMalformed) return Malformed("The header of a page is malformed.");
  BG_TRY(header.packed,
         Count(wire.__isset.compressed_size, wire.compressed_size, kMaxPage, "size of a page"));
  BG_TRY(header.unpacked,
         Count(wire.__isset.uncompressed_size, wire.uncompressed_size, kMaxPage, "size of a page"));
  if (wire.__isset.crc) header.crc = static_cast<std::uint32_t>(wire.crc);
  BG_CHECK(TakeTyped(wire, header));
  return header;
}

}  // namespace blobgate::query::parquet
