// Walking over a column family.
#pragma once

#include <memory>
#include <string_view>

#include "engine/local/catalog_db.h"

namespace blobgate::engine {

/// Calls `visit(key, value)`, which answers a Status, for the rows that start with `prefix`, in
/// order. Ends with its first error. Fills no block cache: for work that reads everything once.
template <class Visit>
Status ForEach(CatalogDb& db, rocksdb::ColumnFamilyHandle* family, std::string_view prefix,
               Visit visit) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db.db().NewIterator(options, family));
  // An empty view has no address, and RocksDB passes addresses on to memcmp.
  prefix.empty() ? it->SeekToFirst() : it->Seek(prefix);
  for (; it->Valid() && it->key().ToStringView().starts_with(prefix); it->Next()) {
    BG_CHECK(visit(it->key().ToStringView(), it->value().ToStringView()));
  }
  return FromRocks(it->status());
}

}  // namespace blobgate::engine
