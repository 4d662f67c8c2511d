#include "operations/replace_blob.h"

#include <utility>

#include "blob/immutability.h"
#include "blob/lease.h"
#include "blob/page_layers.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/feed/record_change.h"
#include "operations/history/history.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

/// The new state needs references of its own to what it shares with the old one.
Task<azure::Outcome<void>> AcquireShared(Services& services, const blob::BlobRecord& old,
                                         engine::Batch& batch, ReferenceSet& kept) {
  if (kept.empty()) co_return azure::Outcome<void>();
  BG_CO_TRY(const auto content, co_await LoadContent(services, old));
  for (const auto& block : content.blocks) {
    for (const auto& slice : block.slices) {
      if (kept.Take(slice.extent)) batch.acquires.push_back(slice.extent);
    }
  }
  co_return azure::Outcome<void>();
}

/// Adds to `batch` all that goes when `target` gets new content, or keeps the old state in its
/// history. False: `replacement` keeps references that the old state no longer has, so something
/// moved since they were collected.
Task<azure::Outcome<bool>> DropOld(Call& call, const Target& target, const StagedBlocks& staged,
                                   const Replacement& replacement, engine::Batch& batch) {
  if (!target.blob) co_return replacement.kept.empty();
  HistoryRules rules;
  rules.versioning = call.account.versioning;
  if (target.place) {
    rules = {};  // overwriting keeps nothing there
  } else if (!rules.versioning && target.exists()) {
    BG_CO_TRY(rules, co_await LoadHistoryRules(call));
  }
  ReferenceSet kept(replacement.kept);
  DropStagedBlocks(target, staged, batch, kept);
  if (KeepReplaced(call.services, target, rules, batch)) {
    BG_CO_CHECK(co_await AcquireShared(call.services, *target.blob, batch, kept));
  } else {
    BG_CO_CHECK(co_await ReleaseContent(call.services, target, *target.blob, batch, kept));
  }
  co_return kept.empty();
}

/// The tier of new content (operations.md 1.14, 2.4): as asked, else as it was, else the default.
blob::TierState NewTier(const Services& services, const Target& target, const NewBlobInputs& inputs,
                        blob::BlobType type, Time now) {
  if (inputs.rehydrates) {
    return blob::RehydratingCopy({*inputs.tier, inputs.priority}, services.rehydration, now);
  }
  if (inputs.tier) return blob::ExplicitTier(*inputs.tier, now);
  if (type != blob::BlobType::kBlock) return {};  // it has none unless it is asked for
  if (target.exists() && target.blob->type == blob::BlobType::kBlock) {
    return blob::TierAt(target.blob->tier, now);
  }
  blob::TierState tier;
  tier.tier = blob::kDefaultTier;
  return tier;
}

}  // namespace

void AddRows(const Replacement& replacement, engine::Batch& batch) {
  const auto add = [](const auto& from, auto& to) {
    to.insert(to.end(), from.begin(), from.end());
  };
  add(replacement.rows, batch.puts);
  add(replacement.deletes, batch.deletes);
  add(replacement.preconditions, batch.preconditions);
}

azure::Outcome<blob::LeaseRecord> CheckReplace(Call& call, const Target& target,
                                               const NewBlobInputs& inputs) {
  const Time now = call.services.clock.Now();
  if (target.exists()) {
    if (!call.permissions.Has('w')) {
      return azure::Fail(azure::ErrorCode::kUnauthorizedBlobOverwrite);
    }
    if (blob::IsArchived(target.blob->tier, now))
      return azure::Fail(azure::ErrorCode::kBlobArchived);
    if (target.blob->copy.status == blob::CopyState::Status::kPending) {
      return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
    }
  }
  const bool leased = target.blob && !target.expired;
  const blob::LeaseRecord held = leased ? target.blob->lease : blob::LeaseRecord{};
  BG_TRY(auto lease, blob::CheckWrite(held, inputs.lease_id, blob::LeaseSubject::kBlob, now));
  if (target.exists()) {
    const blob::ConditionSubject subject{target.blob->etag, target.blob->modified,
                                         &target.blob->tags};
    BG_CHECK(blob::CheckWrite(inputs.conditions, &subject, true));
    BG_CHECK(blob::CheckOverwrite(target.blob->immutability, call.account.versioning));
  } else {
    BG_CHECK(blob::CheckWrite(inputs.conditions, nullptr, true));
  }
  return lease;
}

azure::Outcome<void> CheckSameType(const Call& call, const Target& target, blob::BlobType type) {
  if (!target.exists() || target.blob->type == type) return {};
  if (call.resource.face == azure::Face::kDfs) return {};
  return azure::Fail(azure::ErrorCode::kInvalidBlobType);
}

blob::BlobRecord NewRecord(Call& call, const Target& target, const NewBlobInputs& inputs,
                           const Replacement& replacement, blob::LeaseRecord lease) {
  const Time now = call.services.clock.Now();
  blob::BlobRecord record;
  record.length = replacement.length;
  record.etag = call.services.etags.Next(target.blob ? target.blob->etag : 0);
  record.created = target.exists() ? target.blob->created : now;
  record.modified = now;
  record.properties = inputs.properties;
  record.encryption = replacement.encryption;
  record.path.directory = target.place && replacement.type == blob::BlobType::kBlock &&
                          replacement.length == 0 && HasFolderMark(inputs.metadata);
  PutItemMetadata(replacement.key, inputs.metadata, record);
  record.tags = inputs.tags;
  record.tier = NewTier(call.services, target, inputs, replacement.type, now);
  record.lease = std::move(lease);
  record.copy = replacement.copy;
  record.immutability = blob::NewImmutability(inputs.immutability);
  record.type = replacement.type;
  record.lineage = replacement.lineage;
  record.block_count = replacement.block_count;
  record.sealed = replacement.sealed;
  record.layer = replacement.layer;
  record.sequence_number = replacement.sequence_number;
  record.incremental = replacement.incremental;
  if (record.type == blob::BlobType::kPage) record.content_version = record.etag;
  record.snapshots = target.blob ? target.blob->snapshots : 0;
  if (call.account.last_access_tracking) record.accessed = now;
  if (call.account.versioning && !target.place) record.version = VersionIdOf(record.etag);
  return record;
}

Replacement EmptyBlob(Services& services, const Target& target, blob::BlobType type,
                      std::uint64_t length) {
  Replacement out;
  out.type = type;
  out.length = length;
  out.lineage = services.etags.Next(target.blob ? target.blob->lineage : 0);
  if (type == blob::BlobType::kPage) {
    const blob::PageLineage lineage = blob::PageLineage::New();
    out.layer = lineage.layers.back().number;
    const std::string_view name = target.name;
    out.rows.push_back({blob::PagePrefix(name, out.lineage), lineage.Encode()});
  }
  return out;
}

Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryReplace(Call& call, const Target& target,
                                                         const NewBlobInputs& inputs,
                                                         const Replacement& replacement) {
  BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(call.services, target));
  co_return co_await TryReplace(call, target, staged, inputs, replacement);
}

Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryReplace(Call& call, const Target& target,
                                                         const StagedBlocks& staged,
                                                         const NewBlobInputs& inputs,
                                                         const Replacement& replacement) {
  Services& services = call.services;
  BG_CO_TRY(auto lease, CheckReplace(call, target, inputs));
  BG_CO_CHECK(CheckSameType(call, target, replacement.type));
  if (inputs.tier) {
    BG_CO_CHECK(blob::CheckTierFits(*inputs.tier, replacement.type, replacement.length));
  }
  engine::Batch batch;
  BG_CO_TRY(const bool same, co_await DropOld(call, target, staged, replacement, batch));
  if (!same) co_return std::nullopt;

  blob::BlobRecord record = NewRecord(call, target, inputs, replacement, std::move(lease));
  BG_CO_CHECK(co_await StoreContent(services, replacement.content, record, batch));
  batch.acquires.insert(batch.acquires.end(), replacement.fresh.begin(), replacement.fresh.end());
  AddRows(replacement, batch);
  batch.puts.push_back({target.key, record.Encode()});
  MarkImmutable(record, batch);
  RecordContent(call, {target.blob ? &*target.blob : nullptr, record}, batch);

  std::vector<engine::ExtentRef> manifest;
  if (record.manifest) manifest.push_back(*record.manifest);
  const auto done = co_await CommitTarget(services, target, std::move(batch));
  if (!done) {
    DiscardAfter(services, done.error(), manifest);
    co_return azure::Fail(done.error());
  }
  if (!*done) {
    DiscardAll(services, manifest);
    co_return std::nullopt;
  }
  co_return Boxed(std::move(record));
}

void DiscardAll(Services& services, const std::vector<engine::ExtentRef>& fresh) {
  for (const auto& ref : fresh) services.extents().Discard(ref);
}

void DiscardAfter(Services& services, const azure::Error& why,
                  const std::vector<engine::ExtentRef>& fresh) {
  if (why.code != azure::ErrorCode::kInternalError) DiscardAll(services, fresh);
}

}  // namespace blobgate::operations
