// The Catalog over RocksDB.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "blobgate/engine/catalog.h"
#include "engine/local/catalog_db.h"
#include "engine/local/committer.h"
#include "engine/local/partition_map.h"
#include "engine/local/row_cache.h"
#include "engine/local/space_gate.h"

namespace blobgate::engine {

/// The references must outlive it.
class LocalCatalog final : public Catalog {
 public:
  LocalCatalog(CatalogDb& db, RowCache& rows, Committer& committer, PartitionMap& partitions,
               StoreState& state, SpaceGate& gate, boost::asio::thread_pool& pool)
      : db_(db),
        rows_(rows),
        committer_(committer),
        partitions_(partitions),
        state_(state),
        gate_(gate),
        pool_(pool) {}

  Task<Result<PartitionRef>> Locate(std::string_view name_space, std::string_view name) override;
  Task<Result<std::optional<PartitionRef>>> Find(std::string_view name_space,
                                                 std::string_view name) override;
  std::optional<KnownRow> Known(std::string_view name_space, std::string_view name,
                                std::string_view key) override;
  Task<Result<std::vector<PartitionRef>>> PartitionsOf(std::string_view name_space) override;
  Task<Result<std::optional<Row>>> Get(PartitionRef partition, std::string_view key) override;
  Task<Status> Scan(PartitionRef partition, std::string from, std::string end,
                    ScanVisitor visitor) override;
  Task<Status> Commit(PartitionRef partition, Batch batch) override;
  Task<Status> CommitTogether(std::vector<PartitionBatch> parts) override;

 private:
  Result<std::optional<Row>> GetNow(const std::string& row_key, bool may_block);
  Status ScanNow(PartitionRef partition, const std::string& from, const std::string& end,
                 const ScanVisitor& visitor);
  Status Checked(Status status);

  CatalogDb& db_;
  RowCache& rows_;
  Committer& committer_;
  PartitionMap& partitions_;
  StoreState& state_;
  SpaceGate& gate_;
  boost::asio::thread_pool& pool_;
};

}  // namespace blobgate::engine
