// Values as SQLite holds them. INT, FLOAT, STRING and NULL are its own types; what it has no type
// for is a BLOB whose first byte tells the type: BOOLEAN, TIMESTAMP, JSON.
#pragma once

#include <sqlite3.h>

#include "query/value.h"

namespace blobgate::query {

/// Views point into `value`.
Value DecodeSql(sqlite3_value* value);

/// As the result of a function. Copies.
void SetSqlResult(sqlite3_context* context, const Value& value);

/// As a parameter; an SQLite result code. Text is not copied: it must live until the next bind.
int BindSql(sqlite3_stmt* statement, int parameter, const Value& value);

}  // namespace blobgate::query
