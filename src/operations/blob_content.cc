#include "operations/blob_content.h"

#include <algorithm>
#include <utility>

#include "operations/append/append_rows.h"
#include "operations/content_reader.h"
#include "operations/copy/source_slices.h"
#include "operations/leftovers.h"
#include "operations/lineage_row.h"
#include "operations/page/page_reader.h"

namespace blobgate::operations {
namespace {

using blob::BlobType;

Task<azure::Outcome<void>> ShareSlices(Services& services, const blob::BlobRecord& record,
                                       engine::Batch& batch) {
  BG_CO_TRY(const auto content, co_await LoadContent(services, record));
  for (const auto& ref : ExtentsOf(content)) batch.acquires.push_back(ref);
  if (record.manifest) batch.acquires.push_back(*record.manifest);
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<void>> ShareBlocks(Services& services, const Target& target,
                                       const blob::BlobRecord& record, engine::Batch& batch) {
  const std::string key = blob::AppendPrefix(target.name, record.lineage);
  BG_CO_TRY(auto row, co_await LineageRow<blob::AppendLineage>::Load(services, target, key, batch));
  auto& snapshots = row.value.snapshots;
  snapshots.insert(std::ranges::upper_bound(snapshots, record.length), record.length);
  row.Store(batch);
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<void>> SharePages(Services& services, const Target& target,
                                      blob::BlobRecord& goes_on, engine::Batch& batch) {
  const std::string key = blob::PagePrefix(target.name, goes_on.lineage);
  BG_CO_TRY(auto row, co_await LineageRow<blob::PageLineage>::Load(services, target, key, batch));
  if (row.value.layers.empty() || row.value.layers.back().number != goes_on.layer) {
    co_return azure::Fail(
        azure::Error(azure::ErrorCode::kInternalError).Because("not the newest layer of pages"));
  }
  if (row.value.layers.size() >= blob::PageLineage::kMaxLayers) {
    co_return azure::Fail(azure::ErrorCode::kSnapshotCountExceeded);
  }
  goes_on.layer = row.value.Freeze();
  row.Store(batch);
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<void>> ReleaseBlocks(Services& services, const Target& target,
                                         const blob::BlobRecord& record, engine::Batch& batch) {
  const std::string_view name = target.name;
  const std::string key = blob::AppendPrefix(name, record.lineage);
  BG_CO_TRY(auto row, co_await LineageRow<blob::AppendLineage>::Load(services, target, key, batch));
  // States of the same length need the same blocks: it does not matter which of them goes.
  auto& snapshots = row.value.snapshots;
  const auto same = std::ranges::find(snapshots, record.length);
  if (same != snapshots.end()) {
    snapshots.erase(same);
  } else {
    row.value.base = false;
  }
  row.Store(batch);
  PutRow(batch, blob::LeftoverKey(name, record.lineage), std::string(kAppendLeftover));
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<void>> ReleasePages(Services& services, const Target& target,
                                        const blob::BlobRecord& record, engine::Batch& batch) {
  const std::string_view name = target.name;
  const std::string key = blob::PagePrefix(name, record.lineage);
  BG_CO_TRY(auto row, co_await LineageRow<blob::PageLineage>::Load(services, target, key, batch));
  row.value.Disown(record.layer);
  row.Store(batch);
  PutRow(batch, blob::LeftoverKey(name, record.lineage), std::string(kPageLeftover));
  co_return azure::Outcome<void>();
}

bool HasSlicesInRow(const blob::BlobRecord& record) {
  return record.type == BlobType::kBlock && !record.manifest;
}

/// The slices of a block or append blob that are not in its row; nullopt: something moved.
Task<azure::Outcome<std::optional<std::vector<blob::Slice>>>> LoadSlices(Services& services,
                                                                         const Target& target,
                                                                         std::uint64_t offset,
                                                                         std::uint64_t length) {
  blob::Content content;
  if (target.blob->type == BlobType::kAppend) {
    BG_CO_TRY(auto blocks, co_await LoadBlocks(services, target, offset, length));
    if (!blocks) co_return std::nullopt;
    offset -= blocks->front().offset;
    for (auto& block : *blocks) content.blocks.push_back(std::move(block.block));
  } else {
    BG_CO_TRY(content, co_await LoadContent(services, *target.blob));
  }
  BG_CO_TRY(auto slices, SubSlices(content, offset, length));
  co_return std::optional(std::move(slices));
}

}  // namespace

Task<azure::Outcome<void>> ShareContent(Services& services, const Target& target,
                                        blob::BlobRecord& goes_on, engine::Batch& batch) {
  if (goes_on.type == BlobType::kBlock) co_return co_await ShareSlices(services, goes_on, batch);
  if (goes_on.lineage == 0) co_return azure::Outcome<void>();
  if (goes_on.type == BlobType::kAppend) {
    co_return co_await ShareBlocks(services, target, goes_on, batch);
  }
  co_return co_await SharePages(services, target, goes_on, batch);
}

Task<azure::Outcome<void>> ReleaseContent(Services& services, const Target& target,
                                          const blob::BlobRecord& record, engine::Batch& batch,
                                          ReferenceSet& kept) {
  if (record.type == BlobType::kBlock) {
    co_return co_await ReleaseSlices(services, record, batch, kept);
  }
  if (record.lineage == 0) co_return azure::Outcome<void>();
  if (record.type == BlobType::kAppend) {
    co_return co_await ReleaseBlocks(services, target, record, batch);
  }
  co_return co_await ReleasePages(services, target, record, batch);
}

Task<azure::Outcome<std::optional<std::unique_ptr<http::BodySource>>>> OpenContent(
    Services& services, Target& target, std::uint64_t offset, std::uint64_t length,
    blob::ContentKeyPtr key) {
  if (target.blob->type == BlobType::kPage) {
    BG_CO_TRY(auto pages, co_await PageReader::Open(services, target, offset, length, key));
    if (!pages) co_return std::nullopt;
    std::unique_ptr<http::BodySource> body = std::move(*pages);
    co_return std::optional(std::move(body));
  }
  std::optional<std::vector<blob::Slice>> slices;
  if (HasSlicesInRow(*target.blob)) {
    BG_CO_TRY(slices, SubSlices(target.blob->content, offset, length));
  } else {
    BG_CO_TRY(slices, co_await LoadSlices(services, target, offset, length));
  }
  if (!slices) co_return std::nullopt;
  BG_CO_TRY(auto reader, co_await ContentReader::Open(services, std::move(target.guard),
                                                      std::move(*slices), std::move(key)));
  std::unique_ptr<http::BodySource> body = std::move(reader);
  co_return std::optional(std::move(body));
}

}  // namespace blobgate::operations
