// The columns of a Parquet file, from its flattened tree of schema elements.
#pragma once

#include <vector>

#include "parquet_types.h"  // made of parquet.thrift
#include "query/parquet/metadata.h"

namespace blobgate::query::parquet {

struct Schema {
  std::vector<Column> columns;  ///< at the top; groups and lists are refused ones
  std::size_t leaves = 0;       ///< of the whole tree: chunks of a row group
};

Outcome<Schema> ReadSchema(const std::vector<wire::SchemaElement>& elements);

}  // namespace blobgate::query::parquet
