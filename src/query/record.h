// A record while it is looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "query/value.h"

namespace blobgate::query {

/// Views live until the reader goes on to the next record.
class Record {
 public:
  virtual ~Record() = default;

  /// Field `index` of Statement::fields; Missing when the record does not have it, which delimited
  /// text answers with an error of the record.
  virtual OrError<Value> Field(std::size_t index) const = 0;

  // All columns, for SELECT *.
  virtual std::size_t columns() const = 0;
  /// Empty: the column goes by its place.
  virtual std::string_view Name(std::size_t column) const = 0;
  virtual OrError<Value> Column(std::size_t column) const = 0;
};

}  // namespace blobgate::query
