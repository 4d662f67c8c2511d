// Rows in tables of the catalog that are not open.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "engine/local/catalog_db.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/offline_store.h"
#include "engine_harness.h"

namespace blobgate::engine {
namespace {

// RocksDB opens only the first 16 tables at the start, and 512 in all. A read that is not to block
// answers for the others that it found the row, without its value.
TEST(UnopenedTableTest, WhatIsReadFromOneIsNoDamage) {
  constexpr unsigned kTables = 35;  // from 36 on RocksDB stops writes
  TemporaryDirectory directory;
  const std::string data = directory.path() + "/data";
  Runner run;
  PartitionRef partition;
  {
    auto engine = OpenLocalEngine(SmallOptions(data)).value();
    partition = run(engine->catalog().Locate("space", "")).value();
  }
  {
    auto store = OfflineStore::Open(data).value();
    ASSERT_TRUE(store->Reopen(/*writable=*/true));
    CatalogDb& catalog = store->db();
    rocksdb::DB& db = catalog.db();
    ASSERT_TRUE(db.SetOptions(catalog.rows(), {{"disable_auto_compactions", "true"}}).ok());
    for (unsigned i = 0; i < kTables; ++i) {
      const std::string key = RowKey(partition.id, "k" + std::to_string(100 + i));
      ASSERT_TRUE(db.Put({}, catalog.rows(), key, EncodeRow(i + 1, "value")).ok());
      ASSERT_TRUE(db.Flush({}, catalog.rows()).ok());
    }
  }
  auto engine = OpenLocalEngine(SmallOptions(data)).value();
  for (unsigned i = 0; i < kTables; ++i) {
    const auto row = run(engine->catalog().Get(partition, "k" + std::to_string(100 + i)));
    ASSERT_TRUE(row) << i << ": " << row.error().detail;
    ASSERT_TRUE(*row) << i;
    EXPECT_EQ((*row)->value, "value");
  }
  EXPECT_EQ(engine->Stats().corruption_errors, 0u);
}

}  // namespace
}  // namespace blobgate::engine
