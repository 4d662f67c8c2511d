// Delete Blob (operations.md 2.3). There are no snapshots and no soft delete yet: what is deleted
// is gone.
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/tier.h"

namespace blobgate::operations {
namespace {

enum class SnapshotChoice : std::uint8_t { kNone, kInclude, kOnly };

/// The headers and query of one request.
struct DeleteRequest {
  SnapshotChoice snapshots = SnapshotChoice::kNone;
  bool old_version = false;  ///< a snapshot or version is to go, not the base blob
  blob::ConditionHeaders conditions;
  std::optional<Time> tier_modified_since;
  std::optional<Time> tier_unmodified_since;
};

azure::Outcome<SnapshotChoice> ParseSnapshotChoice(const http::HeaderView& headers) {
  constexpr std::string_view kName = "x-ms-delete-snapshots";
  const std::string_view text = headers.Get(kName);
  if (text.empty()) return SnapshotChoice::kNone;
  if (EqualsIgnoreCase(text, "include")) return SnapshotChoice::kInclude;
  if (EqualsIgnoreCase(text, "only")) return SnapshotChoice::kOnly;
  return azure::Fail(azure::InvalidHeader(kName, text));
}

azure::Outcome<std::optional<Time>> ParseDate(const http::HeaderView& headers,
                                              std::string_view name) {
  const std::string_view text = headers.Get(name);
  if (text.empty()) return std::nullopt;
  const auto date = ParseHttpDate(text);
  if (!date) return azure::Fail(azure::InvalidHeader(name, text));
  return date;
}

/// `deletetype=permanent` is for soft-deleted snapshots and versions, of which there are none.
azure::Outcome<void> CheckDeleteType(const http::Query& query) {
  constexpr std::string_view kName = "deletetype";
  const auto text = query.Find(kName);
  if (!text || text->empty()) return {};
  if (!EqualsIgnoreCase(*text, "permanent")) {
    return azure::Fail(azure::InvalidQueryParameter(kName, *text));
  }
  return azure::Fail(azure::ErrorCode::kBlobOperationNotSupported);
}

azure::Outcome<DeleteRequest> ParseDelete(const Call& call) {
  DeleteRequest request;
  BG_TRY(request.snapshots, ParseSnapshotChoice(call.headers()));
  BG_TRY(request.old_version, NamesOldVersion(call.query()));
  if (request.old_version && request.snapshots != SnapshotChoice::kNone) {
    return azure::Fail(
        azure::InvalidHeader("x-ms-delete-snapshots", call.headers().Get("x-ms-delete-snapshots")));
  }
  BG_CHECK(CheckDeleteType(call.query()));
  BG_TRY(request.conditions, ParseConditions(call));
  BG_TRY(request.tier_modified_since,
         ParseDate(call.headers(), "x-ms-access-tier-if-modified-since"));
  BG_TRY(request.tier_unmodified_since,
         ParseDate(call.headers(), "x-ms-access-tier-if-unmodified-since"));
  return request;
}

/// A tier that nobody set is as old as the blob.
azure::Outcome<void> CheckTierAge(const DeleteRequest& request, const blob::BlobRecord& record,
                                  Time now) {
  const blob::TierState tier = TierAt(record.tier, now);
  const Time changed = FloorSeconds(tier.inferred ? record.created : tier.changed);
  const bool fits = (!request.tier_modified_since || changed > *request.tier_modified_since) &&
                    (!request.tier_unmodified_since || changed <= *request.tier_unmodified_since);
  if (!fits) return azure::Fail(azure::ErrorCode::kConditionNotMet);
  return {};
}

/// May the base blob of `target` go? An uncommitted one has neither lease nor ETag.
azure::Outcome<void> CheckDelete(const Call& call, const Target& target,
                                 const DeleteRequest& request) {
  if (request.old_version || !target.blob) {
    BG_CHECK(blob::CheckMissing(request.conditions));
    return azure::Fail(azure::ErrorCode::kBlobNotFound);
  }
  const Time now = call.services.clock.Now();
  if (target.blob->copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
  }
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_CHECK(blob::CheckWrite(target.blob->lease, lease_id, blob::LeaseSubject::kBlob, now));
  if (!target.exists()) return blob::CheckWrite(request.conditions, nullptr, false);
  const blob::ConditionSubject subject = SubjectOf(target);
  BG_CHECK(blob::CheckWrite(request.conditions, &subject, false));
  return CheckTierAge(request, *target.blob, now);
}

/// Removes the blob's row, its uncommitted blocks, and every reference they hold.
Task<azure::Outcome<bool>> TryDelete(Call& call, const Target& target) {
  engine::Batch batch;
  ReferenceSet kept;
  BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(call.services, target));
  DropStagedBlocks(target, staged, batch, kept);
  BG_CO_CHECK(co_await ReleaseContent(call.services, target, *target.blob, batch, kept));
  batch.deletes.push_back(target.key);
  co_return co_await CommitTarget(call.services, target, std::move(batch));
}

http::Response Accepted() {
  http::Response response;
  response.status = 202;
  response.Set("x-ms-delete-type-permanent", "true");
  return response;
}

}  // namespace

Task<azure::Outcome<http::Response>> DeleteBlob(Call& call) {
  BG_CO_TRY(const auto request, ParseDelete(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    BG_CO_CHECK(CheckDelete(call, target, request));
    if (request.snapshots == SnapshotChoice::kOnly) co_return Accepted();
    BG_CO_TRY(const bool done, co_await TryDelete(call, target));
    if (done) co_return Accepted();
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
