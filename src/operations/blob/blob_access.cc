#include "operations/blob/blob_access.h"

#include <utility>

#include "blob/immutability.h"
#include "blob/lease.h"
#include "blob/tier.h"
#include "operations/blob_content.h"
#include "operations/feed/record_change.h"
#include "operations/history/history.h"
#include "operations/lease_headers.h"
#include "operations/path/path_access.h"

namespace blobgate::operations {
namespace {

azure::Error Missing(const blob::ConditionHeaders& conditions) {
  if (auto met = blob::CheckMissing(conditions); !met) return std::move(met).error();
  return azure::ErrorCode::kBlobNotFound;
}

}  // namespace

azure::Outcome<blob::ConditionHeaders> ParseConditions(const Call& call) {
  BG_TRY(auto conditions, blob::ConditionHeaders::Parse(call.headers()));
  if (conditions.if_tags && !call.permissions.Has('t')) {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  if (call.spec.conditions == azure::Conditions::kWrite) {
    BG_CHECK(blob::CheckSinglePair(conditions));
  }
  return conditions;
}

azure::Outcome<blob::ConditionHeaders> ParseTagConditions(const Call& call) {
  BG_TRY(auto all, ParseConditions(call));
  blob::ConditionHeaders tags;
  tags.if_tags = std::move(all.if_tags);
  return tags;
}

azure::Outcome<void> CheckBaseBlob(const http::Query& query) {
  for (const std::string_view name : {"snapshot", "versionid"}) {
    if (const auto text = query.Find(name)) {
      return azure::Fail(azure::InvalidQueryParameter(
          name, *text,
          "This operation is only allowed on the root blob. Snapshot should not be provided."));
    }
  }
  return {};
}

blob::ConditionSubject SubjectOf(const Target& target) {
  return {target.blob->etag, target.blob->modified, &target.blob->tags};
}

Task<azure::Outcome<Target>> LoadForRead(Call& call, const blob::ConditionHeaders& conditions) {
  BG_CO_TRY(const auto state, ParseStateName(call.query()));
  BG_CO_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_CO_TRY(auto target, co_await LoadState(call.services, call.resource, state));
  BG_CO_CHECK(CheckPathAccess(call, target));
  const bool dfs = call.resource.face == azure::Face::kDfs;
  if (!target.exists() && dfs) co_return azure::Fail(azure::ErrorCode::kPathNotFound);
  if (!target.exists()) co_return azure::Fail(Missing(conditions));
  BG_CO_CHECK(blob::CheckRead(target.blob->lease, lease_id, blob::LeaseSubject::kBlob, call.now));
  BG_CO_CHECK(blob::CheckRead(conditions, SubjectOf(target)));
  co_return target;
}

azure::Outcome<void> CheckContentReadable(const blob::BlobRecord& record, Time now) {
  if (blob::IsArchived(record.tier, now)) return azure::Fail(azure::ErrorCode::kBlobArchived);
  if (record.incremental && record.is_base()) {
    return azure::Fail(azure::ErrorCode::kOperationNotAllowedOnIncrementalCopyBlob);
  }
  return {};
}

azure::Outcome<blob::LeaseRecord> CheckUpdate(Call& call, const Target& target,
                                              const blob::ConditionHeaders& conditions) {
  BG_CHECK(CheckPathAccess(call, target));
  if (!target.exists()) return azure::Fail(Missing(conditions));
  const blob::BlobRecord& record = *target.blob;
  const Time now = call.services.clock.Now();
  if (blob::IsArchived(record.tier, now)) return azure::Fail(azure::ErrorCode::kBlobArchived);
  if (record.copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
  }
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_TRY(auto lease, blob::CheckWrite(record.lease, lease_id, blob::LeaseSubject::kBlob, now));
  const blob::ConditionSubject subject = SubjectOf(target);
  BG_CHECK(blob::CheckWrite(conditions, &subject, false));
  BG_CHECK(blob::CheckChange(record.immutability));
  return lease;
}

// Asked when the body was read, as the service does: Hadoop's driver has to know the code, and sees
// only the status of an answer that comes instead of 100 Continue.
azure::Outcome<void> CheckFaceOfPart(const Call& call, const Target& target) {
  const bool refused =
      target.exists() && target.blob->path.made_by_dfs && call.resource.face != azure::Face::kDfs;
  if (refused) return azure::Fail(azure::ErrorCode::kBlobOperationNotSupported);
  return {};
}

Task<azure::Outcome<blob::BlobRecord>> UpdateBlob(Call& call, BlobChange change, Former former) {
  const bool versions = former == Former::kVersion && call.account.versioning;
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_TRY(auto record, change(target));
    engine::Batch batch;
    if (versions && !target.place) {
      PutPreviousVersion(target, *target.blob, batch);
      BG_CO_CHECK(co_await ShareContent(call.services, target, record, batch));
      record.version = VersionIdOf(record.etag);
    }
    batch.puts.push_back({target.key, record.Encode()});
    if (call.spec.id == azure::Operation::kSetBlobMetadata ||
        call.spec.id == azure::Operation::kSetPathProperties) {
      RecordChange(call, blob::EventType::kBlobPropertiesUpdated, {&*target.blob, record}, batch);
    }
    BG_CO_TRY(const bool done, co_await CommitTarget(call.services, target, std::move(batch)));
    if (done) co_return record;
  }
  co_return azure::Fail(Busy());
}

Task<azure::Outcome<blob::BlobRecord>> UpdateState(Call& call, BlobChange change) {
  BG_CO_TRY(const auto state, ParseStateName(call.query()));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadState(call.services, call.resource, state));
    BG_CO_CHECK(CheckPathAccess(call, target));
    BG_CO_TRY(auto record, change(target));
    engine::Batch batch;
    batch.puts.push_back({target.key, record.Encode()});
    MarkImmutable(record, batch);
    if (call.spec.id == azure::Operation::kSetBlobTier) {
      RecordTier(call, {&*target.blob, record}, batch);
    } else {
      RecordChange(call, blob::EventType::kBlobPropertiesUpdated, {&*target.blob, record}, batch);
    }
    BG_CO_TRY(const bool done, co_await CommitTarget(call.services, target, std::move(batch)));
    if (done) co_return record;
  }
  co_return azure::Fail(Busy());
}

void MarkModified(Call& call, blob::BlobRecord& record) {
  record.etag = call.services.etags.Next(record.etag);
  record.modified = call.services.clock.Now();
  if (call.account.last_access_tracking) record.accessed = record.modified;
  record.copy = {};
}

}  // namespace blobgate::operations
