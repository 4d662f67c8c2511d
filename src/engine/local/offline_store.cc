#include "engine/local/offline_store.h"

#include <memory>
#include <utility>

#include "base/crc64.h"
#include "engine/local/catalog_db.h"
#include "engine/local/catalog_iteration.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/data_dir.h"
#include "engine/local/extent_verifier.h"
#include "engine/local/segment_file.h"

namespace blobgate::engine {

OfflineStore::OfflineStore(std::unique_ptr<DataDir> dir, Disk& disk)
    : dir_(std::move(dir)),
      disk_(disk),
      paths_(std::make_unique<SegmentPaths>(disk_, dir_->segments())) {}

OfflineStore::~OfflineStore() = default;

Result<std::unique_ptr<OfflineStore>> OfflineStore::Open(const std::string& data_dir, Disk* disk) {
  BG_TRY(auto dir, DataDir::OpenExisting(data_dir));
  std::unique_ptr<OfflineStore> store(
      new OfflineStore(std::move(dir), disk != nullptr ? *disk : SystemDisk()));
  BG_CHECK(store->Reopen(/*writable=*/false));
  return store;
}

Status OfflineStore::Reopen(bool writable) {
  db_.reset();
  LocalOptions options;
  options.data_dir = dir_->path();
  auto open = writable ? CatalogDb::Open : CatalogDb::OpenReadOnly;
  BG_TRY(db_, open(options, dir_->catalog()));
  return {};
}

Status OfflineStore::ForEachNameSpace(const NameSpaceVisitor& visit) const {
  return ForEach(*db_, db_->meta(), kPartitionPrefix,
                 [&visit](std::string_view key, std::string_view value) -> Status {
                   if (value.size() != 8) {
                     return Fail(Errc::kCorruption, "catalog: damaged partition row");
                   }
                   return visit(key.substr(kPartitionPrefix.size()), DecodeBigEndian(value));
                 });
}

Status OfflineStore::ForEachRow(std::uint64_t partition, const RowVisitor& visit) const {
  const std::string prefix = EncodeBigEndian(partition);
  return ForEach(*db_, db_->rows(), prefix,
                 [&](std::string_view key, std::string_view value) -> Status {
                   const auto row = DecodeRow(value);
                   if (!row) return Fail(Errc::kCorruption, "catalog: row cut short");
                   return visit(key.substr(prefix.size()), row->value);
                 });
}

Result<std::string> OfflineStore::ReadExtent(const ExtentRef& ref) const {
  std::string content;
  ExtentVerifier verifier(*paths_);
  Place at{ref.space, ref.position};
  std::string value;
  if (db_->db().Get({}, db_->extents(), PlaceKey(at), &value).ok()) {
    if (const auto row = ExtentRow::Decode(value)) at = row->PlaceOf(at);
  }
  if (db_->db().Get({}, db_->meta(), LoggedKey(at), &value).ok() && value.size() == ref.length &&
      Crc64(AsBytes(value)) == ref.check) {
    return value;
  }
  BG_TRY(const auto damage, verifier.Read(ref, at, content));
  if (!damage.empty()) return Fail(Errc::kCorruption, damage.front().what);
  return content;
}

}  // namespace blobgate::engine
