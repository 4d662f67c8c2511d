// Parquet files, whole and broken ones, from pages that a test spells out.
#pragma once

#include <thrift/protocol/TCompactProtocol.h>
#include <thrift/transport/TBufferTransports.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parquet_types.h"

namespace blobgate::test {

namespace wire = query::parquet::wire;

template <class T>
std::string Wire(const T& value) {
  using namespace apache::thrift;
  const auto buffer = std::make_shared<transport::TMemoryBuffer>();
  protocol::TCompactProtocolT<transport::TMemoryBuffer> protocol(buffer);
  value.write(&protocol);
  return buffer->getBufferAsString();
}

inline std::string LittleEndian(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
  return out;
}

/// Numbers of 32 bits as plain values.
inline std::string Ints(const std::vector<std::int32_t>& values) {
  std::string out;
  for (const std::int32_t value : values) out += LittleEndian(static_cast<std::uint32_t>(value), 4);
  return out;
}
/// Texts as plain values.
inline std::string Texts(const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) out += LittleEndian(value.size(), 4) + value;
  return out;
}

inline std::string Page(wire::PageHeader header, std::string_view body) {
  header.__set_compressed_size(static_cast<std::int32_t>(body.size()));
  if (!header.__isset.uncompressed_size) header.__set_uncompressed_size(header.compressed_size);
  return Wire(header).append(body);
}

inline std::string DataPage(std::int32_t values, std::int32_t encoding, std::string_view body) {
  wire::DataPageHeader data;
  data.__set_num_values(values);
  data.__set_encoding(encoding);
  data.__set_definition_encoding(3);
  wire::PageHeader header;
  header.__set_type(0);
  header.__set_data(data);
  return Page(std::move(header), body);
}

inline std::string DictionaryPage(std::int32_t values, std::string_view body) {
  wire::DictionaryPageHeader dictionary;
  dictionary.__set_num_values(values);
  dictionary.__set_encoding(0);
  wire::PageHeader header;
  header.__set_type(2);
  header.__set_dictionary(dictionary);
  return Page(std::move(header), body);
}

/// One row group of flat columns. Change `meta` for what no writer would say.
class ParquetFile {
 public:
  explicit ParquetFile(std::int64_t rows) {
    wire::SchemaElement root;
    root.__set_name("schema");
    root.__set_num_children(0);
    meta.__set_schema({root});
    wire::RowGroup group;
    group.__set_num_rows(rows);
    meta.__set_row_groups({group});
  }

  wire::SchemaElement& Add(const std::string& name, std::int32_t type, const std::string& pages,
                           bool optional = false) {
    wire::ColumnMetaData column;
    column.__set_type(type);
    column.__set_codec(0);
    column.__set_num_values(meta.row_groups[0].num_rows);
    column.__set_total_compressed_size(static_cast<std::int64_t>(pages.size()));
    column.__set_data_page_offset(static_cast<std::int64_t>(bytes_.size()));
    wire::ColumnChunk chunk;
    chunk.__set_meta(column);
    auto& chunks = meta.row_groups[0].columns;
    chunks.push_back(chunk);
    meta.row_groups[0].__isset.columns = true;
    bytes_ += pages;
    wire::SchemaElement element;
    element.__set_name(name);
    element.__set_type(type);
    element.__set_repetition(optional ? 1 : 0);
    ++meta.schema[0].num_children;
    meta.schema.push_back(element);
    return meta.schema.back();
  }

  std::string Bytes() const { return With(Wire(meta)); }
  /// With other bytes for a footer.
  std::string With(std::string_view footer) const {
    return bytes_ + std::string(footer) + LittleEndian(footer.size(), 4) + "PAR1";
  }

  wire::FileMetaData meta;

 private:
  std::string bytes_ = "PAR1";
};

}  // namespace blobgate::test
