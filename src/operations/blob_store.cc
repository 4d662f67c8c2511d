#include "operations/blob_store.h"

#include <algorithm>
#include <utility>

#include "azure/block_list_xml.h"
#include "operations/leftovers.h"
#include "operations/path/path_access.h"
#include "operations/path/path_place.h"
#include "operations/path/path_purge.h"
#include "operations/path/path_walk.h"
#include "operations/tags/tag_index.h"

namespace blobgate::operations {
namespace {

/// A Content of this many bytes or less stays in the blob's row.
constexpr std::size_t kInlineContent = 16 * 1024;

/// Maps what Commit says to the loops' question "done, or again?".
azure::Outcome<bool> Committed(Status status) {
  if (status) return true;
  switch (status.error().code) {
    case Errc::kConflict:
    case Errc::kPartitionMoved:
    case Errc::kExtentGone:
      return false;
    default:
      return azure::Fail(azure::Error(std::move(status).error()));
  }
}

Task<azure::Outcome<std::string>> ReadExtent(Services& services, const engine::ExtentRef& ref) {
  std::string bytes;
  bytes.reserve(ref.length);
  while (bytes.size() < ref.length) {
    BG_CO_TRY(auto piece,
              co_await services.extents().Read(ref, bytes.size(), ref.length - bytes.size()));
    bytes.append(AsChars(piece.view()));
  }
  co_return bytes;
}

Task<azure::Outcome<engine::ExtentRef>> WriteExtent(Services& services, std::string_view bytes) {
  BG_CO_TRY(auto writer, co_await services.extents().Create(bytes.size()));
  BG_CO_CHECK(co_await writer->Append(AsBytes(bytes)));
  BG_CO_TRY(auto ref, co_await writer->Finish());
  co_return ref;
}

/// Adds to `batch` what every commit of `target` demands and brings along, and to `leftovers` what
/// it leaves behind. False: something was in the way and is removed now; load again.
Task<azure::Outcome<bool>> CompleteBatch(Services& services, const Target& target,
                                         engine::Batch& batch, std::vector<Leftover>& leftovers) {
  if (target.place && !target.place->expired.empty()) {
    BG_CO_CHECK(co_await ClearWay(services, target));
    co_return false;
  }
  batch.preconditions.push_back(engine::Precondition::Present(blob::AliveKey()));
  batch.preconditions.push_back(engine::Precondition::Unchanged(target.key, target.row));
  if (target.place) BG_CO_CHECK(CompletePath(services, target, batch));
  BG_CO_CHECK(UpdateTagIndex(target, batch));
  const std::string space = blob::ContainerSpace(target.container->record.incarnation);
  for (Leftover& left : LeftoversIn(batch, space)) leftovers.push_back(std::move(left));
  co_return true;
}

void ReleaseBlock(const blob::Block& block, engine::Batch& batch, ReferenceSet& kept) {
  for (const auto& slice : block.slices) {
    if (!kept.Take(slice.extent)) batch.releases.push_back(slice.extent);
  }
}

/// A snapshot or version.
Task<azure::Outcome<Target>> LoadOldState(Services& services, const azure::Resource& resource,
                                          const StateName& state) {
  BG_CO_TRY(auto target, co_await LoadTarget(services, resource));
  if (target.place) {  // there are neither snapshots nor versions
    target.blob.reset();
    co_return target;
  }
  const bool snapshot = state.kind == StateName::Kind::kSnapshot;
  if (!snapshot && target.exists() && target.blob->version == state.id) co_return target;
  target.key = snapshot ? blob::SnapshotKey(resource.blob, state.id)
                        : blob::VersionKey(resource.blob, state.id);
  target.blob.reset();
  BG_CO_TRY(target.row, co_await services.catalog().Get(target.partition, target.key));
  if (target.row) {
    BG_CO_CHECK(target.blob.emplace().DecodeFrom(target.row->value));
  }
  co_return target;
}

}  // namespace

Task<azure::Outcome<ContainerRowPtr>> LoadContainer(Services& services, std::string_view account,
                                                    std::string_view container) {
  auto loaded = std::make_shared<ContainerRow>();
  ContainerRow& found = *loaded;
  const std::string space = blob::AccountSpace(account);
  found.key = blob::ContainerKey(container);
  if (auto known = services.catalog().Known(space, container, found.key)) {
    found.account_partition = known->partition;
    found.row = std::move(known->row);
  } else {
    BG_CO_TRY(const auto partition, co_await services.catalog().Find(space, container));
    if (!partition) co_return azure::Fail(azure::ErrorCode::kContainerNotFound);
    found.account_partition = *partition;
    BG_CO_TRY(auto row, co_await services.catalog().Get(found.account_partition, found.key));
    if (!row) co_return azure::Fail(azure::ErrorCode::kContainerNotFound);
    found.row = std::move(*row);
  }
  BG_CO_TRY(found.record, blob::ContainerRecord::Decode(found.row.value));
  co_return loaded;
}

Task<azure::Outcome<Target>> LoadTarget(Call& call) {
  BG_CO_TRY(auto target, co_await LoadTarget(call.services, call.resource));
  BG_CO_CHECK(CheckPathAccess(call, target));
  if (target.place) target.place->owner = call.owner;
  co_return target;
}

Task<azure::Outcome<Target>> LoadTarget(Services& services, const azure::Resource& resource) {
  Target target;
  target.guard = services.extents().BeginRead();
  BG_CO_TRY(target.container,
            co_await LoadContainer(services, resource.account, resource.container));
  if (target.container->record.hierarchical) {
    BG_CO_CHECK(co_await WalkPath(services, resource.blob, target));
    co_return target;
  }
  const std::string space = blob::ContainerSpace(target.container->record.incarnation);
  target.name = resource.blob;
  target.key = blob::BlobKey(resource.blob);
  if (auto known = services.catalog().Known(space, resource.blob, target.key)) {
    target.partition = known->partition;
    target.row = std::move(known->row);
  } else {
    BG_CO_TRY(target.partition, co_await services.catalog().Locate(space, resource.blob));
    BG_CO_TRY(target.row, co_await services.catalog().Get(target.partition, target.key));
  }
  if (target.row) {
    BG_CO_CHECK(target.blob.emplace().DecodeFrom(target.row->value));
  }
  co_return target;
}

// Not a coroutine: most requests want the base blob.
Task<azure::Outcome<Target>> LoadState(Services& services, const azure::Resource& resource,
                                       const StateName& state) {
  return state.is_base() ? LoadTarget(services, resource) : LoadOldState(services, resource, state);
}

Task<azure::Outcome<bool>> IsUnchanged(Services& services, const Target& target) {
  BG_CO_TRY(const auto row, co_await services.catalog().Get(target.partition, target.key));
  if (!row || !target.row) co_return !row && !target.row;
  co_return row->version == target.row->version;
}

azure::Error Busy() {
  return azure::Error(azure::ErrorCode::kServerBusy).WithHeader("Retry-After", "1");
}

Task<azure::Outcome<bool>> CommitTarget(Services& services, const Target& target,
                                        engine::Batch batch) {
  std::vector<Leftover> leftovers;
  BG_CO_TRY(const bool ready, co_await CompleteBatch(services, target, batch, leftovers));
  if (!ready) co_return false;
  auto done = Committed(co_await services.catalog().Commit(target.partition, std::move(batch)));
  if (done && *done) {
    for (Leftover& leftover : leftovers) SpawnLeftover(services, std::move(leftover));
  }
  co_return done;
}

Task<azure::Outcome<bool>> CommitTargets(Services& services, std::vector<TargetChange> changes) {
  std::vector<engine::PartitionBatch> parts;
  std::vector<Leftover> leftovers;
  for (auto& [target, batch] : changes) {
    BG_CO_TRY(const bool ready, co_await CompleteBatch(services, target, batch, leftovers));
    if (!ready) co_return false;
    parts.push_back({target.partition, std::move(batch)});
  }
  for (const auto& [target, batch] : changes) {
    const ContainerRow& container = *target.container;
    auto part =
        std::ranges::find(parts, container.account_partition, &engine::PartitionBatch::partition);
    if (part == parts.end()) part = parts.insert(part, {container.account_partition, {}});
    part->batch.preconditions.push_back(
        engine::Precondition::At(container.key, container.row.version));
  }
  Status status = co_await services.catalog().CommitTogether(std::move(parts));
  if (!status && status.error().code == Errc::kUnsupported) {
    co_return azure::Fail(
        azure::ErrorCode::kFeatureNotYetSupportedForHierarchicalNamespaceAccounts);
  }
  auto done = Committed(std::move(status));
  if (done && *done) {
    for (Leftover& leftover : leftovers) SpawnLeftover(services, std::move(leftover));
  }
  co_return done;
}

void MarkImmutable(const blob::BlobRecord& record, engine::Batch& batch) {
  if (!record.immutability.empty()) batch.puts.push_back({blob::ImmutableKey(), {}});
}

Task<azure::Outcome<bool>> CommitContainer(Call& call, const ContainerRow& container,
                                           engine::Batch batch) {
  batch.preconditions.push_back(engine::Precondition::At(container.key, container.row.version));
  co_return Committed(
      co_await call.services.catalog().Commit(container.account_partition, std::move(batch)));
}

Task<azure::Outcome<blob::Content>> LoadContent(Services& services,
                                                const blob::BlobRecord& record) {
  if (!record.manifest) co_return record.content;
  BG_CO_TRY(auto bytes, co_await ReadExtent(services, *record.manifest));
  BG_CO_TRY(auto content, blob::Content::Decode(bytes));
  co_return content;
}

Task<azure::Outcome<void>> StoreContent(Services& services, blob::Content content,
                                        blob::BlobRecord& record, engine::Batch& batch) {
  const auto too_long = [] { return azure::Fail(azure::ErrorCode::kBlockCountExceedsLimit); };
  if (content.blocks.size() > azure::kMaxCommittedBlocks) co_return too_long();
  std::string encoded;
  content.EncodeTo(encoded);
  if (encoded.size() <= kInlineContent) {
    record.content = std::move(content);
    record.manifest.reset();
    co_return azure::Outcome<void>();
  }
  if (encoded.size() > engine::ExtentStore::kMaxExtent) co_return too_long();
  BG_CO_TRY(auto ref, co_await WriteExtent(services, encoded));
  record.content = {};
  record.manifest = ref;
  batch.acquires.push_back(ref);
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<void>> ReleaseSlices(Services& services, const blob::BlobRecord& record,
                                         engine::Batch& batch, ReferenceSet& kept) {
  BG_CO_TRY(auto content, co_await LoadContent(services, record));
  for (const auto& block : content.blocks) ReleaseBlock(block, batch, kept);
  if (record.manifest) batch.releases.push_back(*record.manifest);
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<std::vector<blob::StagedBlock>>> LoadStaged(Services& services,
                                                                const Target& target) {
  std::vector<blob::StagedBlock> staged;
  if (!target.blob || target.blob->staged_id_length == 0) co_return staged;
  const std::string prefix = blob::StagedPrefix(target.name, target.blob->staged_generation);
  Status decoded;
  auto visit = [&staged, &decoded](std::string_view, std::string_view value, engine::RowVersion) {
    auto block = blob::StagedBlock::Decode(value);
    if (!block) {
      decoded = std::unexpected(std::move(block).error());
      return engine::ScanStep::Stop();
    }
    staged.push_back(std::move(*block));
    return engine::ScanStep::Next();
  };
  engine::ScanVisitor visitor = visit;
  BG_CO_CHECK(co_await services.catalog().Scan(target.partition, prefix, blob::PrefixEnd(prefix),
                                               std::move(visitor)));
  BG_CO_CHECK(std::move(decoded));
  co_return staged;
}

void DropStaged(std::string_view name, const Target& target,
                const std::vector<blob::StagedBlock>& staged, engine::Batch& batch,
                ReferenceSet& kept) {
  for (const auto& entry : staged) {
    batch.deletes.push_back(blob::StagedKey(name, target.blob->staged_generation, entry.block.id));
    ReleaseBlock(entry.block, batch, kept);
  }
}

void SetEtag(http::Response& response, std::uint64_t etag, Time modified) {
  response.Set("ETag", blob::EtagText(etag));
  response.Set("Last-Modified", FormatHttpDate(modified));
}

void SetVersionId(http::Response& response, const blob::BlobRecord& record) {
  if (record.version != Time{}) response.Set("x-ms-version-id", FormatIso8601(record.version));
}

}  // namespace blobgate::operations
