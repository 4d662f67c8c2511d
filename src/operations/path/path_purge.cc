#include "operations/path/path_purge.h"

#include <utility>

#include "blob/path_keys.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/leftovers.h"
#include "operations/lineage_row.h"
#include "operations/path/detached.h"
#include "operations/path/path_place.h"
#include "operations/path/path_walk.h"

namespace blobgate::operations {
namespace {

using engine::Precondition;

azure::Outcome<bool> Committed(const Status& status) {
  if (status) return true;
  if (status.error().code == Errc::kConflict) return false;
  return azure::Fail(azure::Error(status.error()));
}

/// A path that was deleted and not brought back.
Task<azure::Outcome<bool>> PurgeDeletedPath(Services& services, const ContainerRowPtr& container,
                                            const std::string& key, const std::string& due,
                                            Time now) {
  Target target;
  target.guard = services.extents().BeginRead();
  target.container = container;
  BG_CO_TRY(target.partition, co_await LocatePaths(services, container->record));
  BG_CO_TRY(const auto row, co_await services.catalog().Get(target.partition, key));
  engine::Batch batch;
  batch.deletes.push_back(due);
  const std::string space = blob::ContainerSpace(container->record.incarnation);
  bool detached = false;
  if (row) {
    BG_CO_TRY(const auto record, blob::BlobRecord::Decode(row->value));
    if (record.purge <= now) {
      batch.preconditions.push_back(Precondition::At(key, row->version));
      batch.deletes.push_back(key);
      if (record.path.directory) {
        batch.deletes.push_back(blob::InodeKey(record.path.id));
        PutRow(batch, blob::DetachedKey(record.path.id), {});
        detached = true;
      } else {
        target.name = blob::ContentName(record.path.id);
        ReferenceSet none;
        BG_CO_CHECK(co_await ReleaseContent(services, target, record, batch, none));
      }
    }
  }
  std::vector<Leftover> leftovers = LeftoversIn(batch, space);
  BG_CO_TRY(const bool done,
            Committed(co_await services.catalog().Commit(target.partition, std::move(batch))));
  if (!done) co_return false;
  for (Leftover& leftover : leftovers) SpawnLeftover(services, std::move(leftover));
  if (detached) SpawnDetached(services, space);
  co_return true;
}

bool IsOver(const Target& target, Time now) {
  return target.blob && !target.is_directory() && target.blob->path.expired(now);
}

/// The rows and references of an expired file.
Task<azure::Outcome<void>> DropExpired(Services& services, const Target& target,
                                       engine::Batch& batch) {
  ReferenceSet none;
  BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(services, target));
  DropStagedBlocks(target, staged, batch, none);
  BG_CO_CHECK(co_await ReleaseContent(services, target, *target.blob, batch, none));
  batch.deletes.push_back(target.key);
  co_return azure::Outcome<void>();
}

/// A file whose time is over.
Task<azure::Outcome<bool>> PurgeExpired(Services& services, const azure::Resource& container,
                                        std::string_view key, const std::string& due, Time now) {
  azure::Resource resource = container;
  resource.blob = blob::InternalName(blob::NameOfKey(key));
  BG_CO_TRY(const auto target, co_await LoadTarget(services, resource));
  engine::Batch batch;
  batch.deletes.push_back(due);
  if (IsOver(target, now)) BG_CO_CHECK(co_await DropExpired(services, target, batch));
  co_return co_await CommitTarget(services, target, std::move(batch));
}

}  // namespace

Task<azure::Outcome<bool>> RemoveExpired(Services& services, const Target& target) {
  engine::Batch batch;
  BG_CO_CHECK(co_await DropExpired(services, target, batch));
  co_return co_await CommitTarget(services, target, std::move(batch));
}

Task<azure::Outcome<void>> ClearWay(Services& services, const Target& target) {
  Target file;
  file.guard = services.extents().BeginRead();
  file.container = target.container;
  file.partition = target.partition;
  BG_CO_CHECK(co_await LoadEntry(services, target.place->expired, file));
  if (IsOver(file, services.clock.Now())) BG_CO_CHECK(co_await RemoveExpired(services, file));
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<bool>> TryPurgePath(Services& services, const azure::Resource& container,
                                        const std::string& due, Time now) {
  const std::string key(blob::RowOfPurgeKey(due));
  if (key.starts_with('b')) co_return co_await PurgeExpired(services, container, key, due, now);
  BG_CO_TRY(const auto row,
            co_await LoadContainer(services, container.account, container.container));
  co_return co_await PurgeDeletedPath(services, row, key, due, now);
}

}  // namespace blobgate::operations
