// COUNT, SUM, AVG, MIN and MAX over the records of a query.
#pragma once

#include <cstdint>
#include <string>

#include "query/statement.h"
#include "query/value.h"

namespace blobgate::query {

/// NULL values do not count. SUM is an INT while all values are, and fails when it overflows; AVG
/// is a FLOAT; both take what converts to a number. MIN and MAX compare as `<` does.
class Aggregator {
 public:
  explicit Aggregator(Aggregate kind) : kind_(kind) {}

  OrError<void> Add(const Value& value);
  /// COUNT(*).
  void AddRecords(std::uint64_t count) { count_ += static_cast<std::int64_t>(count); }
  /// NULL when nothing was added, except for COUNT. Points into the aggregator.
  Value Result() const;

 private:
  OrError<void> AddNumber(const Value& value);
  OrError<void> AddExtreme(const Value& value);
  void Keep(const Value& value);

  const Aggregate kind_;
  std::int64_t count_ = 0;
  std::variant<std::int64_t, double> sum_ = std::int64_t{0};
  Value extreme_;
  std::string text_;  ///< what extreme_ points to
};

}  // namespace blobgate::query
