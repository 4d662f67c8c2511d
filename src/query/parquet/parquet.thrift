// The parts of the metadata of Apache Parquet (format version 2) that a query needs, under the
// field ids of its specification: https://parquet.apache.org/docs/file-format/metadata/. All else
// (statistics, indexes, key-value metadata) is skipped by Thrift as unknown fields.
//
// Enumerations are i32: numbers from a file need not be among their values. Unions are structs with
// optional fields, which is how they look on the wire; which one is set is all that counts.

namespace cpp blobgate.query.parquet.wire

struct Empty {}

struct DecimalType {
  1: optional i32 scale
  2: optional i32 precision
}

struct TimeUnit {
  1: optional Empty millis
  2: optional Empty micros
  3: optional Empty nanos
}

// Of TIME and TIMESTAMP.
struct TimeType {
  2: optional TimeUnit unit
}

struct IntType {
  1: optional i8 bit_width
  2: optional bool is_signed
}

struct LogicalType {
  1: optional Empty text
  4: optional Empty enumeration
  5: optional DecimalType decimal
  6: optional Empty date
  7: optional TimeType time
  8: optional TimeType timestamp
  10: optional IntType integer
  11: optional Empty unknown
  12: optional Empty json
  13: optional Empty bson
  14: optional Empty uuid
  15: optional Empty float16
}

struct SchemaElement {
  1: optional i32 type
  2: optional i32 type_length
  3: optional i32 repetition
  4: optional string name
  5: optional i32 num_children
  6: optional i32 converted_type
  7: optional i32 scale
  8: optional i32 precision
  10: optional LogicalType logical
}

struct ColumnMetaData {
  1: optional i32 type
  4: optional i32 codec
  5: optional i64 num_values
  7: optional i64 total_compressed_size
  9: optional i64 data_page_offset
  11: optional i64 dictionary_page_offset
}

struct ColumnChunk {
  1: optional string file_path
  3: optional ColumnMetaData meta
  8: optional Empty crypto
}

struct RowGroup {
  1: optional list<ColumnChunk> columns
  3: optional i64 num_rows
}

struct FileMetaData {
  2: optional list<SchemaElement> schema
  4: optional list<RowGroup> row_groups
}

struct DataPageHeader {
  1: optional i32 num_values
  2: optional i32 encoding
  3: optional i32 definition_encoding
}

struct DictionaryPageHeader {
  1: optional i32 num_values
  2: optional i32 encoding
}

struct DataPageHeaderV2 {
  1: optional i32 num_values
  2: optional i32 num_nulls
  4: optional i32 encoding
  5: optional i32 definition_bytes
  6: optional i32 repetition_bytes
  7: optional bool is_compressed = true
}

struct PageHeader {
  1: optional i32 type
  2: optional i32 uncompressed_size
  3: optional i32 compressed_size
  4: optional i32 crc
  5: optional DataPageHeader data
  7: optional DictionaryPageHeader dictionary
  8: optional DataPageHeaderV2 data_v2
}
