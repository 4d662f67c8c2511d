// Incremental Copy Blob: copies a snapshot of a page blob into a blob that can only be read through
// its own snapshots, of which every copy makes one (operations.md 2.6).
//
// Inside the service it is done at once, by reference. When the source's last copied snapshot is
// still there, the pages that changed since become a new layer of the destination, so that a diff
// between its snapshots is what a diff between the source's is; otherwise, or when the changes
// would not fit into one commit, all pages of the source come under a new lineage.
#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/uuid.h"
#include "blob/page_layers.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/copy/copy_content.h"
#include "operations/copy/copy_rows.h"
#include "operations/copy/source_blob.h"
#include "operations/feed/record_change.h"
#include "operations/handlers.h"
#include "operations/history/history.h"
#include "operations/leftovers.h"
#include "operations/lineage_row.h"
#include "operations/page/page_increment.h"
#include "operations/unsupported_headers.h"

namespace blobgate::operations {
namespace {

/// The URL without its query.
std::string_view BlobOf(std::string_view url) {
  return url.substr(0, url.find('?'));
}

/// The snapshot that a URL names; nullopt: none.
std::optional<Time> SnapshotOf(std::string_view url) {
  std::string_view query = url.substr(std::min(url.find('?'), url.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const std::string_view parameter = query.substr(0, query.find('&'));
    const std::string_view name = parameter.substr(0, parameter.find('='));
    if (EqualsIgnoreCase(name, "snapshot") && name.size() < parameter.size()) {
      const auto text = PercentDecode(parameter.substr(name.size() + 1));
      return text ? ParseIso8601(*text) : std::nullopt;
    }
    query.remove_prefix(parameter.size());
  }
  return std::nullopt;
}

/// What one request is about.
struct IncrementalCopy {
  CopyRequest request;
  NewBlobInputs inputs;
  LocalSource source;
  std::string copy_id;
};

/// The destination as it has to be: nothing, or an incremental copy of the same blob and of no
/// newer snapshot.
azure::Outcome<void> CheckIncremental(const IncrementalCopy& copy, const Target& target) {
  if (!target.exists()) return {};
  const blob::BlobRecord& record = *target.blob;
  if (record.type != blob::BlobType::kPage) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobType);
  }
  if (!record.incremental || BlobOf(record.copy.source) != BlobOf(copy.request.url)) {
    return azure::Fail(azure::ErrorCode::kIncrementalCopyBlobMismatch);
  }
  const auto last = SnapshotOf(record.copy.source);
  if (last && copy.source.state.id < *last) {
    return azure::Fail(azure::ErrorCode::kIncrementalCopyOfEralierVersionSnapshotNotAllowed);
  }
  return {};
}

azure::Outcome<blob::LeaseRecord> CheckTarget(Call& call, const IncrementalCopy& copy,
                                              const Target& target) {
  BG_CHECK(CheckDestination(call, CopyKind::kCopyBlob, target, copy.inputs));
  BG_CHECK(CheckIncremental(copy, target));
  if (target.exists()) BG_CHECK(blob::CheckChange(target.blob->immutability));
  BG_TRY(const auto key, KeyOfNewBlob(call, target.container->record, copy.inputs.keys));
  if (blob::IsNamed(key)) return azure::Fail(azure::ErrorCode::kBlobOperationNotSupported);
  return CheckReplace(call, target, copy.inputs);
}

/// The layer of the source's snapshot that was copied last, if `from` still builds on it.
Task<azure::Outcome<std::optional<std::uint64_t>>> LastLayer(Call& call,
                                                             const IncrementalCopy& copy,
                                                             const SourceBlob& from,
                                                             const blob::BlobRecord& base) {
  const auto last = SnapshotOf(base.copy.source);
  if (base.copied_snapshot == Time{} || !last) co_return std::nullopt;
  const StateName state{StateName::Kind::kSnapshot, *last};
  auto target = co_await LoadState(call.services, copy.source.resource, state);
  if (!target || !target->exists()) co_return std::nullopt;
  const blob::BlobRecord& then = *target->blob;
  const bool same = then.lineage == from.record().lineage && then.layer <= from.record().layer;
  co_return same ? std::optional(then.layer) : std::nullopt;
}

/// Pages are shared as they lie on the disk, so the copy has the source's encryption: none, or that
/// under the key of the account, which is the account of both.
azure::Outcome<void> CheckSource(const Call& call, const IncrementalCopy& copy,
                                 const SourceBlob& from) {
  const bool ours = copy.source.resource.account == call.account.name;
  if (blob::IsNamed(from.key) || (from.key && !ours)) {
    return azure::Fail(azure::ErrorCode::kBlobOperationNotSupported);
  }
  if (from.record().type != blob::BlobType::kPage) {
    return azure::Fail(azure::ErrorCode::kInvalidSourceBlobType);
  }
  return {};
}

/// The new base record, but for where its pages lie.
blob::BlobRecord NewBase(Call& call, const IncrementalCopy& copy, const SourceBlob& from,
                         const Target& target, blob::LeaseRecord lease) {
  blob::BlobRecord base = *target.blob;
  base.lease = std::move(lease);
  base.etag = call.services.etags.Next(base.etag);
  base.modified = call.services.clock.Now();
  base.content_version = base.etag;
  base.length = from.record().length;
  base.sequence_number = from.record().sequence_number;
  base.properties = from.record().properties;
  base.encryption = from.record().encryption;
  blob::PutMetadata(from.key,
                    copy.inputs.any_metadata_header ? copy.inputs.metadata : from.record().metadata,
                    base);
  base.copy = SuccessState(copy.request, copy.copy_id, base.length, base.modified);
  base.copied_snapshot = NextStateId(call.services, base);
  ++base.snapshots;
  return base;
}

void PutStates(const Target& target, const blob::BlobRecord& base, engine::Batch& batch) {
  blob::BlobRecord snapshot = base;
  snapshot.snapshot = base.copied_snapshot;
  snapshot.version = {};
  snapshot.lease = {};
  snapshot.snapshots = 0;
  std::string key = blob::SnapshotKey(blob::NameOfKey(target.key), base.copied_snapshot);
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  batch.puts.push_back({std::move(key), snapshot.Encode()});
  batch.puts.push_back({target.key, base.Encode()});
}

/// The changed chunks as a new layer, which the base blob and its new snapshot end with.
Task<azure::Outcome<bool>> CommitLayer(Call& call, const Target& target, blob::BlobRecord base,
                                       const PageIncrement& increment) {
  Services& services = call.services;
  engine::Batch batch;
  const std::string_view name = blob::NameOfKey(target.key);
  const std::string key = blob::PagePrefix(name, base.lineage);
  BG_CO_TRY(auto row, co_await LineageRow<blob::PageLineage>::Load(services, target, key, batch));
  row.value.Disown(base.layer);
  base.layer = row.value.Freeze();
  row.value.Find(base.layer)->owners = 2;
  row.Store(batch);
  PutRow(batch, blob::LeftoverKey(name, base.lineage), std::string(kPageLeftover));
  for (const auto& [number, chunk] : increment) {
    batch.puts.push_back(
        {blob::PageChunkKey(name, base.lineage, base.layer, number), chunk.Encode()});
    for (const engine::ExtentRef& extent : chunk.Extents()) batch.acquires.push_back(extent);
  }
  PutStates(target, base, batch);
  RecordContent(call, {&*target.blob, base}, batch);
  co_return co_await CommitTarget(services, target, std::move(batch));
}

/// All pages under a new lineage, whose only layer both states end with.
Task<azure::Outcome<bool>> CommitAll(Call& call, const Target& target, blob::BlobRecord base,
                                     const SourceBlob& from) {
  Services& services = call.services;
  LineageWriter writer(services, target, blob::BlobType::kPage, services.etags.Next(base.lineage));
  Replacement out;
  auto done = co_await CopyRows(services, from, writer, out);
  if (done && *done) {
    writer.Finish(out);
    engine::Batch batch;
    ReferenceSet none;
    BG_CO_CHECK(co_await ReleaseContent(services, target, *target.blob, batch, none));
    AddRows(out, batch);
    blob::PageLineage lineage = blob::PageLineage::New();
    lineage.layers.back().owners = 2;
    PutRow(batch, blob::PagePrefix(writer.name(), writer.lineage()), lineage.Encode());
    batch.acquires.insert(batch.acquires.end(), out.fresh.begin(), out.fresh.end());
    base.lineage = out.lineage;
    base.layer = out.layer;
    PutStates(target, base, batch);
    RecordContent(call, {&*target.blob, base}, batch);
    done = co_await CommitTarget(services, target, std::move(batch));
  }
  if (!done) {
    writer.Abandon(&done.error());
  } else if (!*done) {
    writer.Abandon();
  }
  co_return done;
}

/// Makes the destination: an incremental copy of nothing yet. False: something moved.
Task<azure::Outcome<bool>> Create(Call& call, const IncrementalCopy& copy, const Target& target,
                                  const SourceBlob& from) {
  Replacement empty = EmptyBlob(call.services, target, blob::BlobType::kPage, 0);
  empty.incremental = true;
  empty.key = from.key;
  empty.encryption = from.record().encryption;
  empty.copy.source = PublicUrl(copy.request.url);
  SourceAttributes attributes;
  attributes.properties = from.record().properties;
  attributes.metadata = from.record().metadata;
  const NewBlobInputs all = Inherit(call, copy.request, copy.inputs, attributes);
  BG_CO_TRY(const auto record, co_await TryReplace(call, target, all, empty));
  co_return record.has_value();
}

/// One round; nullopt: something moved, or the destination was made just now. The conditions were
/// for what was there before it was made.
Task<azure::Outcome<Boxed<blob::BlobRecord>>> TryCopy(Call& call, IncrementalCopy& copy) {
  Services& services = call.services;
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  BG_CO_TRY(auto lease, CheckTarget(call, copy, target));
  const std::optional<std::string> no_tier;
  BG_CO_TRY(const auto from, co_await LoadSource(call, copy.request, copy.source, no_tier));
  BG_CO_CHECK(CheckSource(call, copy, from));
  if (!target.exists()) {
    BG_CO_TRY(const bool created, co_await Create(call, copy, target, from));
    if (created) copy.inputs.conditions = {};
    co_return std::nullopt;
  }
  const blob::BlobRecord base = NewBase(call, copy, from, target, std::move(lease));
  BG_CO_TRY(const auto since, co_await LastLayer(call, copy, from, *target.blob));
  std::optional<PageIncrement> increment;
  if (since) {
    BG_CO_TRY(increment, co_await CollectIncrement(services, from.target, *since));
  }
  bool done = false;
  if (increment) {
    BG_CO_TRY(done, co_await CommitLayer(call, target, base, *increment));
  } else {
    BG_CO_TRY(done, co_await CommitAll(call, target, base, from));
  }
  if (!done) co_return std::nullopt;
  co_return Boxed(base);
}

azure::Outcome<LocalSource> SnapshotIn(CopySource source) {
  auto* local = std::get_if<LocalSource>(&source);
  if (local == nullptr) return azure::Fail(azure::ErrorCode::kInvalidSourceBlobUrl);
  if (local->state.kind != StateName::Kind::kSnapshot) {
    return azure::Fail(azure::ErrorCode::kIncrementalCopySourceMustBeSnapshot);
  }
  return std::move(*local);
}

}  // namespace

Task<azure::Outcome<http::Response>> IncrementalCopyBlob(Call& call) {
  IncrementalCopy copy;
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_CHECK(RefuseEncryption(call.headers()));
  BG_CO_TRY(copy.inputs, ParseNewBlob(call, false));
  BG_CO_TRY(copy.request, ParseCopyRequest(call, CopyKind::kCopyBlob));
  {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckDestination(call, CopyKind::kCopyBlob, target, copy.inputs));
  }
  BG_CO_TRY(auto source, co_await OpenSource(call, copy.request));
  BG_CO_TRY(copy.source, SnapshotIn(std::move(source)));
  copy.copy_id = NewUuid();
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto record, co_await TryCopy(call, copy));
    if (!record) continue;
    http::Response response;
    response.status = 202;
    SetEtag(response, record->etag, record->modified);
    response.Set("x-ms-copy-id", record->copy.id);
    response.Set("x-ms-copy-status", "success");
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
