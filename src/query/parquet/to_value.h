// Stored values as values of the query language (docs/query.md "Parquet").
#pragma once

#include <string>

#include "query/parquet/value_decoder.h"
#include "query/value.h"

namespace blobgate::query::parquet {

/// Text that is not stored as such is written to `made`, which the value then points to.
/// kInvalidTypeConversion: a date or time beyond the years 0001 to 9999, a decimal that is none.
OrError<Value> ToValue(const ColumnType& type, const Stored& stored, std::string& made);

}  // namespace blobgate::query::parquet
