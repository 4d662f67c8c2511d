// Snapshot Blob (operations.md 1.16, 2.3): a state that stays as it is, at the cost of a row.
#include <optional>
#include <utility>

#include "azure/metadata.h"
#include "blob/lease.h"
#include "blob/tier.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/encryption.h"
#include "operations/feed/record_change.h"
#include "operations/handlers.h"
#include "operations/history/history.h"
#include "operations/lease_headers.h"
#include "operations/page/page_write.h"

namespace blobgate::operations {
namespace {

struct SnapshotRequest {
  blob::Metadata metadata;  ///< empty: that of the blob
  blob::ConditionHeaders conditions;
  KeyRequest keys;
};

azure::Outcome<SnapshotRequest> ParseSnapshot(const Call& call) {
  BG_CHECK(CheckBaseBlob(call.query()));
  SnapshotRequest request;
  BG_TRY(request.keys, ParseKeyRequest(call));
  BG_TRY(request.metadata, azure::ParseMetadata(call.headers()));
  BG_TRY(request.conditions, ParseConditions(call));
  return request;
}

/// The lease need not be named; when it is, it must be held.
azure::Outcome<void> CheckSnapshot(const Call& call, const Target& target,
                                   const SnapshotRequest& request) {
  if (target.place) {
    return azure::Fail(azure::ErrorCode::kFeatureNotYetSupportedForHierarchicalNamespaceAccounts);
  }
  if (!target.exists()) {
    BG_CHECK(blob::CheckMissing(request.conditions));
    return azure::Fail(azure::ErrorCode::kBlobNotFound);
  }
  BG_CHECK(CheckNotIncremental(*target.blob));
  const Time now = call.services.clock.Now();
  if (blob::IsArchived(target.blob->tier, now)) return azure::Fail(azure::ErrorCode::kBlobArchived);
  if (target.blob->copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
  }
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_CHECK(blob::CheckRead(target.blob->lease, lease_id, blob::LeaseSubject::kBlob, now));
  const blob::ConditionSubject subject = SubjectOf(target);
  BG_CHECK(blob::CheckWrite(request.conditions, &subject, false));
  BG_CHECK(KeyOfUpdate(call, target.blob->encryption, request.keys));
  return {};
}

/// The snapshot of `base`. Metadata of its own make it another state, with an ETag of its own.
blob::BlobRecord SnapshotOf(Call& call, const blob::BlobRecord& base,
                            const SnapshotRequest& request, const blob::ContentKeyPtr& key) {
  blob::BlobRecord snapshot = base;
  snapshot.snapshot = NextStateId(call.services, base);
  snapshot.version = {};
  snapshot.lease = {};
  snapshot.immutability = {};
  snapshot.staged_generation = 0;
  snapshot.staged_id_length = 0;
  snapshot.staged_encryption = {};
  snapshot.snapshots = 0;
  if (!request.metadata.empty()) {
    blob::PutMetadata(key, request.metadata, snapshot);
    snapshot.etag = ToDotNetTicks(snapshot.snapshot);
    snapshot.modified = call.services.clock.Now();
  }
  return snapshot;
}

struct Taken {
  blob::BlobRecord snapshot;
  blob::BlobRecord base;
};

/// One round; nullopt: something moved.
Task<azure::Outcome<std::optional<Taken>>> TrySnapshot(Call& call, const SnapshotRequest& request) {
  Services& services = call.services;
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  BG_CO_CHECK(CheckSnapshot(call, target, request));
  Taken taken;
  taken.base = *target.blob;
  BG_CO_TRY(const auto content_key, KeyOfUpdate(call, taken.base.encryption, request.keys));
  taken.snapshot = SnapshotOf(call, taken.base, request, content_key);
  engine::Batch batch;
  BG_CO_CHECK(co_await ShareContent(services, target, taken.base, batch));
  const std::string key = blob::SnapshotKey(blob::NameOfKey(target.key), taken.snapshot.snapshot);
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  batch.puts.push_back({key, taken.snapshot.Encode()});
  ++taken.base.snapshots;
  if (call.account.versioning) {
    PutPreviousVersion(target, taken.base, batch);
    BG_CO_CHECK(co_await ShareContent(services, target, taken.base, batch));
    taken.base.version = NextStateId(services, taken.base);
  }
  batch.puts.push_back({target.key, taken.base.Encode()});
  RecordChange(call, blob::EventType::kBlobSnapshotCreated, {nullptr, taken.snapshot}, batch);
  BG_CO_TRY(const bool done, co_await CommitTarget(services, target, std::move(batch)));
  if (!done) co_return std::nullopt;
  co_return std::optional(std::move(taken));
}

}  // namespace

Task<azure::Outcome<http::Response>> SnapshotBlob(Call& call) {
  BG_CO_TRY(const auto request, ParseSnapshot(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto taken, co_await TrySnapshot(call, request));
    if (!taken) continue;
    http::Response response;
    response.status = 201;
    response.Set("x-ms-snapshot", FormatIso8601(taken->snapshot.snapshot));
    SetEtag(response, taken->snapshot.etag, taken->snapshot.modified);
    SetVersionId(response, taken->base);
    response.Set("x-ms-request-server-encrypted", request.metadata.empty() ? "false" : "true");
    SetKeyHeaders(response, taken->snapshot.encryption);
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
