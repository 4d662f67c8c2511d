#include "engine/local/local_catalog.h"

#include <memory>
#include <utility>

#include "engine/contract/check.h"
#include "engine/local/catalog_rows.h"

namespace blobgate::engine {
namespace {

// Never leaves LocalCatalog: what is asked for is not in memory.
constexpr Errc kWouldBlock = Errc::kUnavailable;

constexpr std::size_t kPartitionBytes = 8;

}  // namespace

Task<Result<PartitionRef>> LocalCatalog::Locate(std::string_view name_space, std::string_view) {
  if (name_space.empty()) co_return Fail(Errc::kInvalidArgument, "empty name space");
  std::optional<std::uint64_t> id = partitions_.Known(name_space);
  if (!id) {
    BG_CO_TRY(id, co_await partitions_.Locate(name_space));
  }
  co_return PartitionRef{*id, 1};
}

Task<Result<std::optional<PartitionRef>>> LocalCatalog::Find(std::string_view name_space,
                                                             std::string_view) {
  std::optional<std::uint64_t> id = partitions_.Known(name_space);
  if (!id) {
    BG_CO_TRY(id, co_await partitions_.Find(name_space));
  }
  if (!id) co_return std::optional<PartitionRef>();
  co_return PartitionRef{*id, 1};
}

std::optional<KnownRow> LocalCatalog::Known(std::string_view name_space, std::string_view,
                                            std::string_view key) {
  const std::optional<std::uint64_t> id = partitions_.Known(name_space);
  if (!id || !CheckKey(key)) return std::nullopt;
  const RowCache::RowPtr row = rows_.Find(RowKey(*id, key));
  if (!row) return std::nullopt;
  return KnownRow{{*id, 1}, *row};
}

Task<Result<std::vector<PartitionRef>>> LocalCatalog::PartitionsOf(std::string_view name_space) {
  BG_CO_TRY(const std::optional<PartitionRef> only, co_await Find(name_space, {}));
  std::vector<PartitionRef> partitions;
  if (only) partitions.push_back(*only);
  co_return partitions;
}

Task<Result<std::optional<Row>>> LocalCatalog::Get(PartitionRef partition, std::string_view key) {
  BG_CO_CHECK(CheckKey(key));
  std::string row_key = RowKey(partition.id, key);
  if (const RowCache::RowPtr cached = rows_.Find(row_key)) co_return *cached;
  auto row = GetNow(row_key, /*may_block=*/false);
  if (row || row.error().code != kWouldBlock) co_return row;
  auto get = [this, row_key = std::move(row_key)] { return GetNow(row_key, /*may_block=*/true); };
  co_return co_await RunBlocking(pool_, std::move(get));
}

Result<std::optional<Row>> LocalCatalog::GetNow(const std::string& row_key, bool may_block) {
  rocksdb::ReadOptions options;
  options.read_tier = may_block ? rocksdb::kReadAllTier : rocksdb::kBlockCacheTier;
  CatalogDb::CountNothing();
  rocksdb::PinnableSlice value;
  RowCache::Reading reading(rows_, row_key);
  const auto status = db_.db().Get(options, db_.rows(), row_key, &value);
  if (!may_block && CatalogDb::WouldBlock(status, value)) return Fail(kWouldBlock);
  if (status.IsNotFound()) return std::optional<Row>();
  BG_CHECK(Checked(FromRocks(status)));
  const auto row = DecodeRow(value.ToStringView());
  if (!row) return std::unexpected(state_.Corruption("catalog: row cut short"));
  Row found{std::string(row->value), row->version};
  reading.Offer(row_key, found);
  return std::optional(std::move(found));
}

Task<Status> LocalCatalog::Scan(PartitionRef partition, std::string from, std::string end,
                                ScanVisitor visitor) {
  auto scan = [this, partition, from = std::move(from), end = std::move(end),
               visitor = std::move(visitor)] { return ScanNow(partition, from, end, visitor); };
  co_return co_await RunBlocking(pool_, std::move(scan));
}

Status LocalCatalog::ScanNow(PartitionRef partition, const std::string& from,
                             const std::string& end, const ScanVisitor& visitor) {
  CatalogDb::CountNothing();
  const std::string bound = end.empty() ? RowsEnd(partition.id) : RowKey(partition.id, end);
  const rocksdb::Slice bound_slice(bound);
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  options.iterate_upper_bound = &bound_slice;
  const std::unique_ptr<rocksdb::Iterator> it(db_.db().NewIterator(options, db_.rows()));
  it->Seek(RowKey(partition.id, from));
  while (it->Valid()) {
    const std::string_view key = it->key().ToStringView().substr(kPartitionBytes);
    const auto row = DecodeRow(it->value().ToStringView());
    if (!row) return std::unexpected(state_.Corruption("catalog: row cut short"));
    const ScanStep step = visitor(key, row->value, row->version);
    if (step.kind == ScanStep::Kind::kStop) break;
    if (step.kind == ScanStep::Kind::kSeek && step.seek_to > key) {
      it->Seek(RowKey(partition.id, step.seek_to));
    } else {
      it->Next();
    }
  }
  return Checked(FromRocks(it->status()));
}

Task<Status> LocalCatalog::Commit(PartitionRef partition, Batch batch) {
  std::vector<PartitionBatch> parts;
  parts.push_back({partition, std::move(batch)});
  return CommitTogether(std::move(parts));
}

// All partitions are in one RocksDB, and one thread writes it.
Task<Status> LocalCatalog::CommitTogether(std::vector<PartitionBatch> parts) {
  BG_CO_CHECK(CheckParts(parts));
  BG_CO_CHECK(state_.CheckWritable());
  if (NeedsSpace(parts)) BG_CO_CHECK(co_await gate_.AdmitCommit());
  co_return co_await committer_.Commit(std::move(parts));
}

Status LocalCatalog::Checked(Status status) {
  if (status || status.error().code != Errc::kCorruption) return status;
  return std::unexpected(state_.Corruption(status.error().detail));
}

}  // namespace blobgate::engine
