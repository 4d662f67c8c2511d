// Lease Blob: acquire, renew, change, release, break (operations.md 1.6, 2.3). Touches neither ETag
// nor Last-Modified.
#include <utility>

#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {
namespace {

azure::Outcome<void> CheckLeaseTarget(const Target& target,
                                      const blob::ConditionHeaders& conditions) {
  if (!target.exists()) {
    BG_CHECK(blob::CheckMissing(conditions));
    return azure::Fail(azure::ErrorCode::kBlobNotFound);
  }
  if (target.blob->copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
  }
  const blob::ConditionSubject subject = SubjectOf(target);
  return blob::CheckWrite(conditions, &subject, false);
}

}  // namespace

Task<azure::Outcome<http::Response>> LeaseBlob(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_TRY(const auto request, ParseLeaseRequest(call.headers()));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  blob::LeaseChange applied;
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    BG_CHECK(CheckLeaseTarget(target, conditions));
    BG_TRY(applied, blob::Apply(target.blob->lease, request, call.services.clock.Now(),
                                blob::LeaseSubject::kBlob));
    blob::BlobRecord record = *target.blob;
    record.lease = applied.lease;
    return record;
  };
  BG_CO_TRY(const auto record, co_await UpdateBlob(call, std::move(change)));
  http::Response response;
  SetLeaseAnswer(response, applied);
  SetEtag(response, record.etag, record.modified);
  co_return response;
}

}  // namespace blobgate::operations
