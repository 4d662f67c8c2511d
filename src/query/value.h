// The values of the query language, and how they convert (docs/query.md "Types").
#pragma once

#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "base/time.h"

namespace blobgate::query {

/// A field that the record does not have. In expressions it is NULL.
struct Missing {
  bool operator==(const Missing&) const = default;
};
struct Null {
  bool operator==(const Null&) const = default;
};
/// A point in time, and the zone that it was written with.
struct Timestamp {
  Time time{};
  std::int16_t offset_minutes = 0;  ///< east of UTC
  bool operator==(const Timestamp&) const = default;
};
/// An object or an array, as JSON text.
struct JsonText {
  std::string_view text;
  bool operator==(const JsonText&) const = default;
};

/// Views point into the record, or into what computed the value; they live until the next one.
using Value =
    std::variant<Missing, Null, bool, std::int64_t, double, std::string_view, Timestamp, JsonText>;

/// Why one record has no result: Azure's name and text of it.
struct RecordError {
  std::string_view name;
  std::string_view description;
  bool operator==(const RecordError&) const = default;
};

inline constexpr RecordError kInvalidTypeConversion{"InvalidTypeConversion",
                                                    "Invalid type conversion."};
inline constexpr RecordError kInvalidColumnOrdinal{"InvalidColumnOrdinal",
                                                   "Invalid column ordinal."};
inline constexpr RecordError kArithmeticOverflow{"ArithmeticOverflow", "Arithmetic overflow."};
inline constexpr RecordError kDivideByZero{"DivideByZero", "Divide by zero."};
inline constexpr RecordError kInvalidArgument{"InvalidArgument", "Invalid argument."};
inline constexpr RecordError kTooMuchWork{"QueryLimitExceeded",
                                          "The record takes too much work or memory."};

template <class T>
using OrError = std::expected<T, RecordError>;

inline bool IsNull(const Value& value) {
  return value.index() < 2;
}

// Conversions of CAST. REQUIRES: !IsNull(value).
OrError<std::int64_t> ToInt(const Value& value);
OrError<double> ToFloat(const Value& value);
OrError<bool> ToBool(const Value& value);
OrError<Timestamp> ToTimestamp(const Value& value);
/// As it is written in CSV: numbers in their shortest form, timestamps in ISO 8601.
std::string ToText(const Value& value);

/// An INT when the value is one, or text of one; else a FLOAT. For operators that take numbers.
OrError<std::variant<std::int64_t, double>> ToNumber(const Value& value);

/// After conversion to the type of higher precedence: TIMESTAMP, FLOAT, INT, BOOLEAN, STRING. Text
/// compares by its bytes. NaN compares unordered. REQUIRES: neither is null.
OrError<std::partial_ordering> Compare(const Value& a, const Value& b);

}  // namespace blobgate::query
