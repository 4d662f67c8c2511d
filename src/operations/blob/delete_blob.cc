// Delete Blob (operations.md 1.16, 2.3): the base blob, its snapshots, one snapshot, one version.
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

#include "base/encoding.h"
#include "blob/immutability.h"
#include "blob/lease.h"
#include "blob/tier.h"
#include "operations/blob/blob_access.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/feed/record_change.h"
#include "operations/handlers.h"
#include "operations/history/history.h"
#include "operations/lease_headers.h"
#include "operations/path/path_delete.h"

namespace blobgate::operations {
namespace {

enum class SnapshotChoice : std::uint8_t { kNone, kInclude, kOnly };

/// The headers and query of one request.
struct DeleteRequest {
  SnapshotChoice snapshots = SnapshotChoice::kNone;
  StateName state;         ///< a snapshot or version is to go, or the base blob
  bool permanent = false;  ///< deletetype=permanent: a deleted snapshot or version goes for good
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

azure::Outcome<bool> ParseDeleteType(const http::Query& query, const StateName& state) {
  constexpr std::string_view kName = "deletetype";
  const auto text = query.Find(kName);
  if (!text || text->empty()) return false;
  if (!EqualsIgnoreCase(*text, "permanent")) {
    return azure::Fail(azure::InvalidQueryParameter(kName, *text));
  }
  if (state.is_base()) return azure::Fail(azure::ErrorCode::kBlobOperationNotSupported);
  return true;
}

/// `d` for blobs and snapshots, `x` for versions, `y` for what is deleted for good.
azure::Outcome<void> CheckPermission(const Call& call, const DeleteRequest& request) {
  char letter = 'd';
  if (request.state.kind == StateName::Kind::kVersion) letter = 'x';
  if (request.permanent) letter = 'y';
  if (call.permissions.Has(letter)) return {};
  return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
}

azure::Outcome<DeleteRequest> ParseDelete(const Call& call) {
  DeleteRequest request;
  BG_TRY(request.snapshots, ParseSnapshotChoice(call.headers()));
  BG_TRY(request.state, ParseStateName(call.query()));
  if (!request.state.is_base() && request.snapshots != SnapshotChoice::kNone) {
    return azure::Fail(
        azure::InvalidHeader("x-ms-delete-snapshots", call.headers().Get("x-ms-delete-snapshots")));
  }
  BG_TRY(request.permanent, ParseDeleteType(call.query(), request.state));
  BG_CHECK(CheckPermission(call, request));
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
  const blob::TierState tier = blob::TierAt(record.tier, now);
  const Time changed = FloorSeconds(tier.inferred ? record.created : tier.changed);
  const bool fits = (!request.tier_modified_since || changed > *request.tier_modified_since) &&
                    (!request.tier_unmodified_since || changed <= *request.tier_unmodified_since);
  if (!fits) return azure::Fail(azure::ErrorCode::kConditionNotMet);
  return {};
}

azure::Error Missing(const DeleteRequest& request) {
  if (auto met = blob::CheckMissing(request.conditions); !met) return std::move(met).error();
  return azure::ErrorCode::kBlobNotFound;
}

azure::Outcome<void> CheckState(const DeleteRequest& request, const blob::BlobRecord& record,
                                Time now) {
  const blob::ConditionSubject subject{record.etag, record.modified, &record.tags};
  BG_CHECK(blob::CheckWrite(request.conditions, &subject, false));
  return CheckTierAge(request, record, now);
}

/// May the base blob of `target` go, or all of its snapshots? An uncommitted one has neither lease
/// nor ETag.
azure::Outcome<void> CheckDelete(const Call& call, const Target& target,
                                 const DeleteRequest& request, Time now) {
  const bool uncommitted = target.blob && !target.expired && target.blob->staged_id_length != 0;
  if (!target.exists() && !uncommitted) return azure::Fail(Missing(request));
  if (target.blob->copy.status == blob::CopyState::Status::kPending) {
    return azure::Fail(azure::ErrorCode::kPendingCopyOperation);
  }
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_CHECK(blob::CheckWrite(target.blob->lease, lease_id, blob::LeaseSubject::kBlob, now));
  if (!target.exists()) return blob::CheckWrite(request.conditions, nullptr, false);
  BG_CHECK(CheckState(request, *target.blob, now));
  if (request.snapshots != SnapshotChoice::kOnly) {
    BG_CHECK(blob::CheckDelete(target.blob->immutability, now));
  }
  if (target.blob->snapshots > 0 && request.snapshots == SnapshotChoice::kNone) {
    return azure::Fail(azure::ErrorCode::kSnapshotsPresent);
  }
  return {};
}

/// The base row once there is no base blob any more, but its versions.
blob::BlobRecord VersionsOnly(const Call& call, const blob::BlobRecord& base) {
  blob::BlobRecord record = base;
  record.committed = false;
  record.remains = blob::Remains::kVersionsOnly;
  record.etag = call.services.etags.Next(base.etag);
  record.ForgetContent();
  record.lease = {};
  record.staged_id_length = 0;
  record.version = {};
  record.immutability = {};
  record.encryption = {};
  record.sealed_metadata.clear();
  return record;
}

/// One attempt to delete something of the blob at `base`; see Run.
class Deletion {
 public:
  Deletion(Call& call, const DeleteRequest& request, const HistoryRules& rules, const Target& base)
      : call_(call),
        request_(request),
        rules_(rules),
        base_(base),
        now_(call.services.clock.Now()) {}

  /// False: something moved.
  Task<azure::Outcome<bool>> Run() {
    if (!request_.state.is_base() && !NamesCurrentVersion()) {
      BG_CO_CHECK(co_await DropOldState());
    } else {
      if (request_.state.is_base()) BG_CO_CHECK(CheckDelete(call_, base_, request_, now_));
      if (request_.snapshots != SnapshotChoice::kNone) BG_CO_CHECK(co_await DropSnapshots());
      if (request_.snapshots == SnapshotChoice::kOnly) {
        PutBase(*base_.blob);
      } else {
        BG_CO_CHECK(co_await DropBase());
      }
    }
    co_return co_await CommitTarget(call_.services, base_, std::move(batch_));
  }

  /// Nothing can be brought back.
  bool permanent() const { return !kept_; }

 private:
  bool NamesCurrentVersion() const {
    return request_.state.kind == StateName::Kind::kVersion && base_.exists() &&
           base_.blob->version == request_.state.id;
  }

  void PutBase(blob::BlobRecord record) {
    record.snapshots -= dropped_snapshots_;
    batch_.puts.push_back({base_.key, record.Encode()});
  }

  void RecordDeleted(const blob::BlobRecord& record) {
    RecordChange(call_, blob::EventType::kBlobDeleted, {nullptr, record}, batch_);
  }

  Task<azure::Outcome<void>> Drop(OldState state) {
    const bool deleted = state.record.remains == blob::Remains::kDeleted;
    if (state.record.snapshot != Time{} && !deleted) ++dropped_snapshots_;
    if (rules_.retention_days > 0 && !deleted) kept_ = true;
    // What is gone already for clients is not deleted again.
    if (!deleted) RecordDeleted(state.record);
    co_return co_await DropState(call_.services, base_, std::move(state), now_,
                                 rules_.retention_days, batch_);
  }

  Task<azure::Outcome<void>> DropSnapshots() {
    BG_CO_TRY(auto states, co_await LoadHistory(call_.services, base_));
    for (OldState& state : states) {
      if (state.record.snapshot == Time{} || !state.record.committed) continue;
      BG_CO_CHECK(co_await Drop(std::move(state)));
    }
    co_return azure::Outcome<void>();
  }

  /// The snapshot or version that is named.
  Task<azure::Outcome<void>> DropOldState() {
    BG_CO_TRY(const auto target,
              co_await LoadState(call_.services, call_.resource, request_.state));
    if (!target.blob || !base_.blob) co_return azure::Fail(Missing(request_));
    const bool deleted = target.blob->remains == blob::Remains::kDeleted;
    if (request_.permanent) {
      if (!deleted || !rules_.allow_permanent_delete) {
        co_return azure::Fail(azure::ErrorCode::kBlobOperationNotSupported);
      }
    } else if (deleted) {
      co_return azure::Fail(Missing(request_));
    }
    BG_CO_CHECK(CheckState(request_, *target.blob, now_));
    OldState state{target.key, target.row->version, *target.blob};
    BG_CO_CHECK(co_await Drop(std::move(state)));
    co_return co_await SettleBase();
  }

  /// Nothing needs a base row that stood for versions only, once the last of them is gone.
  Task<azure::Outcome<void>> SettleBase() {
    if (base_.blob->remains == blob::Remains::kVersionsOnly && base_.blob->staged_id_length == 0) {
      BG_CO_TRY(const bool more, co_await HasHistory(call_.services, base_, batch_));
      if (!more) {
        batch_.deletes.push_back(base_.key);
        co_return azure::Outcome<void>();
      }
    }
    PutBase(*base_.blob);
    co_return azure::Outcome<void>();
  }

  Task<azure::Outcome<void>> DropBase() {
    BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(call_.services, base_));
    ReferenceSet none;
    DropStagedBlocks(base_, staged, batch_, none);
    if (!base_.exists()) co_return co_await DropUncommitted();
    RecordDeleted(*base_.blob);
    if (NamesCurrentVersion()) co_return co_await DropCurrentVersion();
    if (rules_.versioning) {
      PutPreviousVersion(base_, *base_.blob, batch_);
      PutBase(VersionsOnly(call_, *base_.blob));
      kept_ = true;
    } else if (rules_.retention_days > 0) {
      blob::BlobRecord record = *base_.blob;
      record.lease = {};
      record.staged_id_length = 0;
      SoftDelete(base_.key, record, now_, rules_.retention_days, batch_);
      PutBase(std::move(record));
      kept_ = true;
    } else {
      co_return co_await EndBase(*base_.blob);
    }
    co_return azure::Outcome<void>();
  }

  /// The current version by its id: it is gone, not kept as a previous one.
  Task<azure::Outcome<void>> DropCurrentVersion() {
    BG_CO_CHECK(CheckState(request_, *base_.blob, now_));
    BG_CO_CHECK(blob::CheckDelete(base_.blob->immutability, now_));
    if (rules_.retention_days == 0) co_return co_await EndBase(*base_.blob);
    blob::BlobRecord state = *base_.blob;
    state.previous = true;
    state.lease = {};
    state.staged_id_length = 0;
    state.snapshots = 0;
    const std::string key = blob::VersionKey(blob::NameOfKey(base_.key), state.version);
    SoftDelete(key, state, now_, rules_.retention_days, batch_);
    batch_.puts.push_back({key, state.Encode()});
    PutBase(VersionsOnly(call_, *base_.blob));
    kept_ = true;
    co_return azure::Outcome<void>();
  }

  /// There are only uncommitted blocks, perhaps besides what remains of a deleted blob.
  Task<azure::Outcome<void>> DropUncommitted() {
    if (base_.blob->remains == blob::Remains::kNone) {
      batch_.deletes.push_back(base_.key);
    } else {
      blob::BlobRecord record = *base_.blob;
      record.staged_id_length = 0;
      PutBase(std::move(record));
    }
    co_return azure::Outcome<void>();
  }

  /// Releases the base blob. Its row goes unless snapshots or versions need it.
  Task<azure::Outcome<void>> EndBase(const blob::BlobRecord& record) {
    ReferenceSet none;
    BG_CO_CHECK(co_await ReleaseContent(call_.services, base_, record, batch_, none));
    BG_CO_TRY(const bool more, co_await HasHistory(call_.services, base_, batch_));
    if (more) {
      PutBase(VersionsOnly(call_, record));
    } else {
      batch_.deletes.push_back(base_.key);
    }
    co_return azure::Outcome<void>();
  }

  Call& call_;
  const DeleteRequest& request_;
  const HistoryRules& rules_;
  const Target& base_;
  const Time now_;
  engine::Batch batch_;
  std::uint32_t dropped_snapshots_ = 0;
  bool kept_ = false;
};

/// In a hierarchical container, where there are no snapshots. nullopt: something moved.
Task<azure::Outcome<std::optional<http::Response>>> TryDeleteInTree(Call& call,
                                                                    const DeleteRequest& request,
                                                                    const HistoryRules& rules,
                                                                    const Target& base) {
  if (!request.state.is_base()) co_return azure::Fail(Missing(request));
  BG_CO_CHECK(CheckDelete(call, base, request, call.services.clock.Now()));
  BG_CO_TRY(const auto deleted,
            co_await TryDeletePath(call.services, base, false, rules.retention_days));
  if (!deleted) co_return std::nullopt;
  http::Response response;
  response.status = 202;
  response.Set("x-ms-delete-type-permanent", deleted->permanent ? "true" : "false");
  if (!deleted->permanent) response.Set("x-ms-deletion-id", std::to_string(deleted->id));
  co_return std::optional(std::move(response));
}

}  // namespace

Task<azure::Outcome<http::Response>> DeleteBlob(Call& call) {
  BG_CO_TRY(const auto request, ParseDelete(call));
  BG_CO_TRY(const auto rules, co_await LoadHistoryRules(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto base, co_await LoadTarget(call));
    if (base.place) {
      BG_CO_TRY(auto answer, co_await TryDeleteInTree(call, request, rules, base));
      if (!answer) continue;
      co_return std::move(*answer);
    }
    Deletion deletion(call, request, rules, base);
    BG_CO_TRY(const bool done, co_await deletion.Run());
    if (!done) continue;
    http::Response response;
    response.status = 202;
    response.Set("x-ms-delete-type-permanent", deletion.permanent() ? "true" : "false");
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
