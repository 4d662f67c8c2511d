// A query, taken apart and checked: what SQLite is to compute for each record, and what we do
// around it (docs/query.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace blobgate::query {

/// `.name` or `[3]`; in FROM `[*]` too.
struct PathStep {
  enum class Kind : std::uint8_t { kName, kIndex, kEach };
  Kind kind = Kind::kName;
  std::string name;
  bool quoted = false;  ///< kName: compared with case
  std::uint64_t index = 0;
  bool operator==(const PathStep&) const = default;
};

/// `Title`, `_3`, `warehouses[0].longitude`. Never empty.
using FieldPath = std::vector<PathStep>;

/// N of `_N`; nullopt for anything else.
std::optional<std::size_t> OrdinalOf(const FieldPath& path);

/// What a parameter of the SQL stands for; parameter ?N is entry N - 1.
struct Parameter {
  enum class Kind : std::uint8_t {
    kField,     ///< the value of field `field`; NULL when it is missing
    kPresence,  ///< 1 when the record has field `field`, else 0
    kLiteral,
  };
  Kind kind = Kind::kField;
  std::size_t field = 0;
  std::variant<bool, std::int64_t, double, std::string> literal;
};

/// A column of the answer.
struct Column {
  std::string name;                  ///< of its alias or field; empty: none, it goes by its place
  std::optional<std::size_t> field;  ///< it is nothing but this field
  std::size_t expression = 0;        ///< otherwise: the column of the SQL
};

enum class Aggregate : std::uint8_t { kCount, kSum, kAverage, kMin, kMax };

struct Statement {
  /// SELECT *; `columns` is empty then.
  bool everything = false;
  std::vector<Column> columns;
  /// The one column is an aggregate of its expression, or COUNT(*) when `counts_records`.
  std::optional<Aggregate> aggregate;
  bool counts_records = false;
  /// SELECT sys.split(N): bytes. Nothing else is set then.
  std::optional<std::uint64_t> split_size;
  std::optional<std::uint64_t> limit;
  std::vector<PathStep> table_path;  ///< behind BlobStorage[*]; empty: records as they are

  std::vector<FieldPath> fields;              ///< every one that the query names, once
  std::vector<std::size_t> field_parameters;  ///< number of the parameter of each
  std::vector<Parameter> parameters;
  /// `SELECT ... [WHERE ...]` without FROM, over the parameters. Empty: nothing is computed.
  std::string sql;
};

/// Columns that SELECT may name.
inline constexpr std::size_t kMaxColumns = 49;
/// Bytes of a batch of sys.split.
inline constexpr std::uint64_t kMinSplit = 10 * 1024 * 1024;

enum class InputKind : std::uint8_t { kDelimited, kJson, kParquet };

/// kInvalidArgument, with a sentence for the client in `detail`: anything that is not Azure's
/// subset, and names that the input cannot have. `has_headers`: of delimited text;
/// columns of Parquet always have names.
Result<Statement> ParseStatement(std::string_view sql, InputKind input, bool has_headers);

}  // namespace blobgate::query
