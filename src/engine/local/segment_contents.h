// The referenced extents of one segment, as the catalog has them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/local/catalog_db.h"
#include "engine/local/catalog_rows.h"

namespace blobgate::engine {

/// Calls `visit(key, value) -> Status` for the rows of `family` that start with `prefix`, in order.
template <class Visit>
Status ForEachRow(CatalogDb& db, rocksdb::ColumnFamilyHandle* family, std::string_view prefix,
                  Visit visit) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> it(db.db().NewIterator(options, family));
  // An empty view has no address, and RocksDB passes addresses on to memcmp.
  prefix.empty() ? it->SeekToFirst() : it->Seek(prefix);
  for (; it->Valid() && it->key().ToStringView().starts_with(prefix); it->Next()) {
    BG_CHECK(visit(it->key().ToStringView(), it->value().ToStringView()));
  }
  return FromRocks(it->status());
}

/// An extent that lies in a segment.
struct Resident {
  Place place;               ///< where it lies
  Place birth;               ///< its name
  std::uint64_t stored = 0;  ///< bytes
};

/// Those born in `segment` that did not move, and those that moved into it, by position. Blocks.
/// kCorruption for damaged rows.
Result<std::vector<Resident>> ResidentsOf(CatalogDb& db, std::uint64_t segment);

}  // namespace blobgate::engine
