// Computes the expressions of a query for one record at a time, with SQLite.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "query/functions.h"
#include "query/record.h"
#include "query/statement.h"

namespace blobgate::query {

/// One prepared statement without tables, in a database of its own that is nothing but memory: a
/// record's fields are bound to its parameters, and it is stepped once. SQLite sees neither file
/// nor any text but what the parser wrote. One thread at a time, any thread.
class Evaluator {
 public:
  /// `now`: what UTCNOW says for the whole query. kInvalidArgument: more than SQLite takes.
  /// `statement` must outlive it, and have SQL.
  static Result<std::unique_ptr<Evaluator>> Prepare(const Statement& statement, Time now);
  virtual ~Evaluator() = default;

  /// False: the WHERE clause does not hold. Takes what it costs from `budget`.
  virtual OrError<bool> Evaluate(const Record& record, Budget& budget) = 0;
  /// Column `index` of the SQL; lives until the next Evaluate. REQUIRES: that was true.
  virtual Value Column(std::size_t index) const = 0;
};

}  // namespace blobgate::query
