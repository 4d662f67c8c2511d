// The row of a lineage inside a batch that may change it several times.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "operations/blob_store.h"

namespace blobgate::operations {

/// The value that `batch` puts for `key`; null: none. Valid until `batch` changes.
const std::string* FindPut(const engine::Batch& batch, std::string_view key);
/// Puts a row in place of whatever `batch` puts for that key already.
void PutRow(engine::Batch& batch, std::string key, std::string value);

/// A blob::AppendLineage or blob::PageLineage.
template <class Lineage>
struct LineageRow {
  std::string key;
  Lineage value;  ///< the default where there is no row

  /// As `batch` leaves it; otherwise as it is, and then the batch demands that it stays so.
  static Task<azure::Outcome<LineageRow>> Load(Services& services, const Target& target,
                                               std::string key, engine::Batch& batch) {
    LineageRow row;
    row.key = std::move(key);
    if (const std::string* put = FindPut(batch, row.key)) {
      BG_CO_TRY(row.value, Lineage::Decode(*put));
      co_return row;
    }
    BG_CO_TRY(const auto read, co_await services.catalog().Get(target.partition, row.key));
    batch.preconditions.push_back(engine::Precondition::Unchanged(row.key, read));
    if (read) {
      BG_CO_TRY(row.value, Lineage::Decode(read->value));
    }
    co_return row;
  }

  void Store(engine::Batch& batch) const { PutRow(batch, key, value.Encode()); }
};

}  // namespace blobgate::operations
