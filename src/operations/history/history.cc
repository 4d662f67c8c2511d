#include "operations/history/history.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "blob/immutability.h"
#include "blob/keys.h"
#include "operations/blob_content.h"
#include "operations/service/service_properties.h"

namespace blobgate::operations {
namespace {

/// A state that does not change any more: no lease, no uncommitted blocks, no snapshots of its own.
blob::BlobRecord Frozen(const blob::BlobRecord& base) {
  blob::BlobRecord state = base;
  state.lease = {};
  state.staged_generation = 0;
  state.staged_id_length = 0;
  state.staged_encryption = {};
  state.snapshots = 0;
  return state;
}

void PutNew(const std::string& key, const blob::BlobRecord& record, engine::Batch& batch) {
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  batch.puts.push_back({key, record.Encode()});
}

/// What a soft-deleted base blob becomes when its name is used again.
void PutDeletedSnapshot(Services& services, const Target& target, blob::BlobRecord state,
                        engine::Batch& batch) {
  state.snapshot = NextStateId(services, *target.blob);
  const std::string key = blob::SnapshotKey(blob::NameOfKey(target.key), state.snapshot);
  batch.deletes.push_back(blob::PurgeKey(state.purge, target.key));
  batch.puts.push_back({blob::PurgeKey(state.purge, key), {}});
  PutNew(key, state, batch);
}

}  // namespace

Task<azure::Outcome<HistoryRules>> LoadHistoryRules(Call& call) {
  HistoryRules rules;
  if (azure::IsSystemContainer(call.resource.container)) co_return rules;
  rules.versioning = call.account.versioning;
  BG_CO_TRY(const auto stored, co_await LoadServiceProperties(call.services, call.account.name));
  const azure::RetentionPolicy& policy = stored.properties->delete_retention;
  if (policy.enabled) rules.retention_days = policy.days.value_or(0);
  rules.allow_permanent_delete = stored.properties->allow_permanent_delete;
  co_return rules;
}

Time NextStateId(Services& services, const blob::BlobRecord& base) {
  return FromDotNetTicks(services.etags.Next(std::max(base.etag, ToDotNetTicks(base.version))));
}

Time VersionIdOf(std::uint64_t etag) {
  return FromDotNetTicks(etag);
}

Task<azure::Outcome<std::vector<OldState>>> LoadHistory(Services& services, const Target& target) {
  std::vector<OldState> states;
  Status decoded;
  engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                    engine::RowVersion version) {
    auto record = blob::BlobRecord::Decode(value);
    if (!record) {
      decoded = std::unexpected(std::move(record).error());
      return engine::ScanStep::Stop();
    }
    states.push_back({std::string(key), version, std::move(*record)});
    return engine::ScanStep::Next();
  };
  const std::string prefix = blob::HistoryPrefix(blob::NameOfKey(target.key));
  BG_CO_CHECK(co_await services.catalog().Scan(target.partition, prefix, blob::PrefixEnd(prefix),
                                               std::move(visitor)));
  BG_CO_CHECK(std::move(decoded));
  co_return states;
}

Task<azure::Outcome<bool>> HasHistory(Services& services, const Target& target,
                                      const engine::Batch& batch) {
  bool found = false;
  engine::ScanVisitor visitor = [&](std::string_view key, std::string_view, engine::RowVersion) {
    if (std::ranges::find(batch.deletes, key) != batch.deletes.end()) {
      return engine::ScanStep::Next();
    }
    found = true;
    return engine::ScanStep::Stop();
  };
  const std::string prefix = blob::HistoryPrefix(blob::NameOfKey(target.key));
  BG_CO_CHECK(co_await services.catalog().Scan(target.partition, prefix, blob::PrefixEnd(prefix),
                                               std::move(visitor)));
  co_return found;
}

void PutPreviousVersion(const Target& target, const blob::BlobRecord& base, engine::Batch& batch) {
  blob::BlobRecord state = Frozen(base);
  state.previous = true;
  if (state.version == Time{}) state.version = VersionIdOf(state.etag);
  PutNew(blob::VersionKey(blob::NameOfKey(target.key), state.version), state, batch);
}

bool KeepReplaced(Services& services, const Target& target, const HistoryRules& rules,
                  engine::Batch& batch) {
  if (!target.blob) return false;
  if (target.blob->remains == blob::Remains::kDeleted) {
    PutDeletedSnapshot(services, target, Frozen(*target.blob), batch);
    return true;
  }
  if (!target.exists()) return false;
  if (rules.versioning) {
    PutPreviousVersion(target, *target.blob, batch);
    return true;
  }
  if (rules.retention_days == 0) return false;
  blob::BlobRecord state = Frozen(*target.blob);
  state.snapshot = NextStateId(services, state);
  const std::string key = blob::SnapshotKey(blob::NameOfKey(target.key), state.snapshot);
  SoftDelete(key, state, services.clock.Now(), rules.retention_days, batch);
  PutNew(key, state, batch);
  return true;
}

void SoftDelete(std::string_view key, blob::BlobRecord& record, Time now, std::uint32_t days,
                engine::Batch& batch) {
  record.committed = false;
  record.remains = blob::Remains::kDeleted;
  record.deleted = now;
  record.purge = now + std::chrono::days(days);
  batch.puts.push_back({blob::PurgeKey(record.purge, key), {}});
}

void Restore(std::string_view key, blob::BlobRecord& record, engine::Batch& batch) {
  batch.deletes.push_back(blob::PurgeKey(record.purge, key));
  record.committed = true;
  record.remains = blob::Remains::kNone;
  record.deleted = {};
  record.purge = {};
}

Task<azure::Outcome<void>> DropState(Services& services, const Target& base, OldState state,
                                     Time now, std::uint32_t days, engine::Batch& batch) {
  BG_CO_CHECK(blob::CheckDelete(state.record.immutability, now));
  batch.preconditions.push_back(engine::Precondition::At(state.key, state.row_version));
  if (state.record.remains == blob::Remains::kDeleted) {
    batch.deletes.push_back(blob::PurgeKey(state.record.purge, state.key));
    days = 0;
  }
  if (days > 0) {
    SoftDelete(state.key, state.record, now, days, batch);
    batch.puts.push_back({state.key, state.record.Encode()});
    co_return azure::Outcome<void>();
  }
  ReferenceSet none;
  BG_CO_CHECK(co_await ReleaseContent(services, base, state.record, batch, none));
  batch.deletes.push_back(std::move(state.key));
  co_return azure::Outcome<void>();
}

std::uint32_t RemainingDays(const blob::BlobRecord& record, Time now) {
  if (record.purge <= now) return 0;
  return static_cast<std::uint32_t>(
      std::chrono::floor<std::chrono::days>(record.purge - now).count());
}

}  // namespace blobgate::operations
