// Set Blob Tier (operations.md 1.14, 2.3). Touches neither ETag nor Last-Modified.
#include <string>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/tier.h"

namespace blobgate::operations {
namespace {

struct TierRequest {
  std::string tier;
  std::string priority = "Standard";
  blob::ConditionHeaders conditions;
};

/// The state to store, and 202 when a rehydration is under way.
struct TierChange {
  blob::TierState tier;
  unsigned status = 200;
};

azure::Outcome<TierRequest> ParseTierRequest(const Call& call) {
  constexpr std::string_view kPriority = "x-ms-rehydrate-priority";
  TierRequest request;
  const std::string_view tier = call.headers().Get("x-ms-access-tier");
  if (tier.empty()) return azure::Fail(azure::MissingHeader("x-ms-access-tier"));
  BG_TRY(request.tier, ParseTier(tier));
  if (const std::string_view text = call.headers().Get(kPriority); !text.empty()) {
    if (EqualsIgnoreCase(text, "High")) {
      request.priority = "High";
    } else if (!EqualsIgnoreCase(text, "Standard")) {
      return azure::Fail(azure::InvalidHeader(kPriority, text));
    }
  }
  BG_TRY(request.conditions, ParseTagConditions(call));
  return request;
}

azure::Outcome<TierChange> ChangeTier(const blob::BlobRecord& record, const TierRequest& request,
                                      Time now) {
  if (record.type == blob::BlobType::kPage) {
    BG_TRY(auto changed, ChangePageTier(record.tier, request.tier, now));
    return TierChange{std::move(changed), 200};
  }
  blob::TierState tier = TierAt(record.tier, now);
  if (!tier.rehydrating_to.empty()) {
    if (tier.rehydrating_to != request.tier) {
      return azure::Fail(azure::ErrorCode::kBlobBeingRehydrated);
    }
    // The priority can be raised, never lowered.
    if (request.priority == "High") tier.rehydrate_priority = request.priority;
    return TierChange{std::move(tier), 202};
  }
  if (tier.tier != kArchiveTier) return TierChange{ExplicitTier(request.tier, now), 200};
  if (request.tier == kArchiveTier) return TierChange{std::move(tier), 200};
  tier.rehydrating_to = request.tier;
  tier.rehydrate_priority = request.priority;
  tier.rehydrated = now + kRehydration;
  return TierChange{std::move(tier), 202};
}

/// The lease to store with the change.
azure::Outcome<blob::LeaseRecord> CheckTierTarget(const Call& call, const Target& target,
                                                  const TierRequest& request, Time now) {
  if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
  const blob::BlobRecord& record = *target.blob;
  BG_CHECK(CheckTierFits(request.tier, record.type, record.length));
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
  BG_CO_TRY(const auto request, ParseTierRequest(call));
  unsigned status = 0;
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    const Time now = call.services.clock.Now();
    BG_TRY(auto lease, CheckTierTarget(call, target, request, now));
    BG_TRY(auto changed, ChangeTier(*target.blob, request, now));
    blob::BlobRecord record = *target.blob;
    record.lease = std::move(lease);
    record.tier = std::move(changed.tier);
    status = changed.status;
    return record;
  };
  BG_CO_CHECK(co_await UpdateState(call, std::move(change)));
  http::Response response;
  response.status = status;
  co_return response;
}

}  // namespace blobgate::operations
