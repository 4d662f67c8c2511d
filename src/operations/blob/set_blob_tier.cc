// Set Blob Tier (operations.md 1.14, 2.3). Touches neither ETag nor Last-Modified.
#include <string>
#include <string_view>
#include <utility>

#include "blob/lease.h"
#include "blob/tier.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {
namespace {

struct SetTierRequest {
  blob::TierRequest change;
  blob::ConditionHeaders conditions;
};

azure::Outcome<SetTierRequest> ParseSetTier(const Call& call) {
  SetTierRequest request;
  const std::string_view tier = call.headers().Get("x-ms-access-tier");
  if (tier.empty()) return azure::Fail(azure::MissingHeader("x-ms-access-tier"));
  BG_TRY(request.change.tier, blob::ParseTier(tier));
  BG_CHECK(blob::CheckTierOfAccount(request.change.tier, call.account.kind, call.account.sku));
  BG_TRY(request.change.priority,
         blob::ParseRehydratePriority(call.headers().Get("x-ms-rehydrate-priority")));
  BG_TRY(request.conditions, ParseTagConditions(call));
  return request;
}

/// The lease to store with the change.
azure::Outcome<blob::LeaseRecord> CheckTierTarget(const Call& call, const Target& target,
                                                  const SetTierRequest& request, Time now) {
  if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
  const blob::BlobRecord& record = *target.blob;
  BG_CHECK(blob::CheckTierFits(request.change.tier, record.type, record.length));
  if (record.copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
  }
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_TRY(auto lease, blob::CheckWrite(record.lease, lease_id, blob::LeaseSubject::kBlob, now));
  const blob::ConditionSubject subject = SubjectOf(target);
  BG_CHECK(blob::CheckWrite(request.conditions, &subject, false));
  return lease;
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobTier(Call& call) {
  BG_CO_TRY(const auto request, ParseSetTier(call));
  unsigned status = 0;
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    const Time now = call.services.clock.Now();
    BG_TRY(auto lease, CheckTierTarget(call, target, request, now));
    BG_TRY(auto changed, blob::SetTier(target.blob->tier, target.blob->type, request.change,
                                       call.services.rehydration, now));
    blob::BlobRecord record = *target.blob;
    record.lease = std::move(lease);
    record.tier = std::move(changed.tier);
    status = changed.rehydrates ? 202 : 200;
    return record;
  };
  BG_CO_CHECK(co_await UpdateState(call, std::move(change)));
  http::Response response;
  response.status = status;
  co_return response;
}

}  // namespace blobgate::operations
