// The body of Query Blob Contents (operations.md "Query Blob Contents").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "azure/errors.h"

namespace blobgate::azure {

/// Bytes of the SQL text.
inline constexpr std::size_t kMaxQueryExpression = 256 * 1024;
/// Bytes of the whole body: room for an expression in which every character is a reference.
inline constexpr std::size_t kMaxQueryBody = 2 * 1024 * 1024;
/// Bytes of a column or record separator.
inline constexpr std::size_t kMaxSeparator = 8;
/// Fields of an Arrow schema.
inline constexpr std::size_t kMaxArrowFields = 1024;

/// DelimitedTextConfiguration. An element that is absent has the value given here; so has an empty
/// separator, while an empty FieldQuote or EscapeChar means that there is none.
struct DelimitedText {
  std::string column_separator = ",";
  std::string record_separator = "\n";
  std::optional<char> quote = '"';
  std::optional<char> escape = std::nullopt;
  bool has_headers = false;
  bool operator==(const DelimitedText&) const = default;
};

/// JsonTextConfiguration. Records that are read need no separator.
struct JsonText {
  std::string record_separator = "\n";
  bool operator==(const JsonText&) const = default;
};

struct ArrowField {
  enum class Type : std::uint8_t { kInt64, kBool, kTimestampMs, kString, kDouble, kDecimal };
  Type type = Type::kString;
  std::string name;            ///< may be empty
  std::int32_t precision = 0;  ///< kDecimal: digits, 1 to 38
  std::int32_t scale = 0;      ///< kDecimal: of them behind the point, 0 to precision
  bool operator==(const ArrowField&) const = default;
};

/// ArrowConfiguration: the columns of the answer, in order.
struct ArrowSchema {
  std::vector<ArrowField> fields;
  bool operator==(const ArrowSchema&) const = default;
};

/// Parquet has nothing to configure.
struct Parquet {
  bool operator==(const Parquet&) const = default;
};

using QueryInput = std::variant<DelimitedText, JsonText, Parquet>;
using QueryOutput = std::variant<DelimitedText, JsonText, ArrowSchema>;

struct QueryRequest {
  std::string expression;
  QueryInput input;
  QueryOutput output;
};

/// 400 InvalidXmlDocument, MissingRequiredXmlNode, UnsupportedXmlNode, or InvalidXmlNodeValue: an
/// unknown type of query or format, characters that cannot be told apart, an expression over
/// kMaxQueryExpression.
Outcome<QueryRequest> ParseQueryRequest(std::string_view body);

}  // namespace blobgate::azure
