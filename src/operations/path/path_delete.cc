#include "operations/path/path_delete.h"

#include <utility>

#include "blob/path_keys.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/history/history.h"
#include "operations/lineage_row.h"
#include "operations/path/detached.h"
#include "operations/path/path_place.h"
#include "operations/path/path_walk.h"

namespace blobgate::operations {
namespace {

using engine::Precondition;

/// The row that keeps what was deleted, and its place in the purge index.
std::uint64_t KeepDeleted(Services& services, const Target& target, std::uint32_t days,
                          engine::Batch& batch) {
  blob::BlobRecord record = *target.blob;
  record.lease = {};
  record.staged_id_length = 0;
  record.staged_encryption = {};
  const std::uint64_t deletion = services.etags.Next(record.etag);
  const std::string key = blob::DeletedKey(PathOf(target), deletion);
  SoftDelete(key, record, services.clock.Now(), days, batch);
  batch.preconditions.push_back(Precondition::Absent(key));
  batch.puts.push_back({key, record.Encode()});
  return deletion;
}

/// False: something is in it, and that is not to go.
Task<azure::Outcome<bool>> DemandEmpty(Services& services, const Target& target,
                                       engine::Batch& batch) {
  const std::uint64_t id = target.blob->path.id;
  BG_CO_TRY(const auto look, co_await LookIntoDirectory(services, target.partition, id));
  batch.preconditions.push_back(Precondition::Unchanged(blob::InodeKey(id), look.inode));
  co_return look.empty;
}

}  // namespace

std::string PathOf(const Target& target) {
  std::string path;
  for (const WayStep& step : target.place->way) path += step.leaf + "/";
  return path + target.place->leaf;
}

Task<azure::Outcome<std::optional<DeletedPath>>> TryDeletePath(Services& services,
                                                               const Target& target, bool recursive,
                                                               std::uint32_t retention_days) {
  if (target.place->is_root()) co_return azure::Fail(azure::ErrorCode::kPathConflict);
  const bool directory = target.is_directory();
  const bool keeps = retention_days > 0 && target.exists();
  DeletedPath deleted{.permanent = !keeps, .id = 0};
  engine::Batch batch;
  batch.deletes.push_back(target.key);
  if (keeps) deleted.id = KeepDeleted(services, target, retention_days, batch);

  bool detached = false;
  if (directory) {
    const std::string inode = blob::InodeKey(target.blob->path.id);
    if (!recursive) {
      BG_CO_TRY(const bool empty, co_await DemandEmpty(services, target, batch));
      if (!empty) co_return azure::Fail(azure::ErrorCode::kDirectoryIsNotEmpty);
    }
    if (keeps) {
      // No path leads in or out, and the way up ends there.
      PutRow(batch, inode, blob::Inode{blob::kAboveRoot, target.place->leaf}.Encode());
    } else {
      batch.deletes.push_back(inode);
      PutRow(batch, blob::DetachedKey(target.blob->path.id), {});
      detached = true;
    }
  } else {
    ReferenceSet none;
    BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(services, target));
    DropStagedBlocks(target, staged, batch, none);
    if (!keeps) {
      BG_CO_CHECK(co_await ReleaseContent(services, target, *target.blob, batch, none));
    }
  }
  BG_CO_TRY(const bool done, co_await CommitTarget(services, target, std::move(batch)));
  if (!done) co_return std::nullopt;
  if (detached) {
    SpawnDetached(services, blob::ContainerSpace(target.container->record.incarnation));
  }
  co_return std::optional(deleted);
}

}  // namespace blobgate::operations
