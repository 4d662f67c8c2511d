#include "operations/access_time.h"

#include <spdlog/spdlog.h>

#include <string>
#include <utility>

#include "blob/keys.h"
#include "blob/lifecycle.h"
#include "blob/tier.h"
#include "operations/internal_request.h"

namespace blobgate::operations {
namespace {

/// Rounds against other writers of the blob; a later read may have more luck.
constexpr int kRounds = 8;

bool IsOld(const blob::BlobRecord& record, Time now) {
  return now - record.accessed >= kAccessTimeStep;
}

/// What the background task takes along.
struct Access {
  azure::Resource resource;
  StateName state;
  std::string key;  ///< in services.access_times
};

Task<azure::Outcome<void>> WriteTime(Services& services, const Access& access) {
  for (int round = 0; round < kRounds; ++round) {
    BG_CO_TRY(const auto target, co_await LoadState(services, access.resource, access.state));
    const Time now = services.clock.Now();
    if (!target.exists() || !IsOld(*target.blob, now)) co_return azure::Outcome<void>();
    blob::BlobRecord record = *target.blob;
    record.accessed = now;
    engine::Batch batch;
    batch.puts.push_back({target.key, record.Encode()});
    BG_CO_TRY(const bool done, co_await CommitTarget(services, target, std::move(batch)));
    if (done) co_return azure::Outcome<void>();
  }
  co_return azure::Outcome<void>();
}

Task<azure::Outcome<void>> WarmUp(Services& services, const Access& access) {
  const auto account =
      services.accounts ? services.accounts->FindAccount(access.resource.account) : nullptr;
  if (!account || !account->lifecycle || !access.state.is_base()) co_return azure::Outcome<void>();
  BG_CO_TRY(const auto target, co_await LoadTarget(services, access.resource));
  if (!target.exists()) co_return azure::Outcome<void>();
  const Time now = services.clock.Now();
  const blob::TierState tier = TierAt(target.blob->tier, now);
  const blob::LifecycleSubject subject{access.resource.container, access.resource.blob,
                                       *target.blob, tier, now};
  if (!blob::ReturnsToHot(*account->lifecycle, subject)) co_return azure::Outcome<void>();
  InternalRequest warm(*account, azure::Operation::kSetBlobTier, access.resource.container,
                       access.resource.blob);
  warm.Header("x-ms-access-tier", "Hot");
  BG_CO_CHECK(co_await warm.Run(services));
  co_return azure::Outcome<void>();
}

Task<void> Run(Services& services, Access access) {
  auto done = co_await WriteTime(services, access);
  if (done) done = co_await WarmUp(services, access);
  if (!done) {
    spdlog::warn("access of {}/{}/{} is not noted: {} {}", access.resource.account,
                 access.resource.container, access.resource.blob,
                 azure::InfoOf(done.error().code).code, done.error().cause());
  }
  services.access_times->End(access.key);
}

}  // namespace

void NoteAccess(const Call& call, const Target& target) {
  if (!call.account.last_access_tracking || !IsOld(*target.blob, call.now)) return;
  const auto state = ParseStateName(call.query());
  if (!state || azure::IsSystemContainer(call.resource.container)) return;
  Access access{call.resource, *state, target.container->record.incarnation + target.key};
  if (!call.services.access_times->Begin(access.key)) return;
  auto task = [&services = call.services, access = std::move(access)]() mutable {
    return Run(services, std::move(access));
  };
  call.services.background.Spawn("note access", std::move(task));
}

Task<Result<Time>> AccessTrackedSince(Services& services, const Account& account) {
  const std::string space = blob::AccountSpace(account.name);
  const std::string key = blob::AccessTrackingKey();
  if (!account.last_access_tracking) {
    BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
    if (partitions.empty()) co_return Time{};
  }
  BG_CO_TRY(const auto partition, co_await services.catalog().Locate(space, {}));
  BG_CO_TRY(const auto row, co_await services.catalog().Get(partition, key));
  if (row.has_value() == account.last_access_tracking) {
    if (!row) co_return Time{};
    const auto since = ParseIso8601(row->value);
    if (!since) co_return Fail(Errc::kCorruption, "when access tracking began cannot be read");
    co_return *since;
  }
  engine::Batch batch;
  const Time now = services.clock.Now();
  if (account.last_access_tracking) {
    batch.puts.push_back({key, FormatIso8601(now)});
  } else {
    batch.deletes.push_back(key);
  }
  BG_CO_CHECK(co_await services.catalog().Commit(partition, std::move(batch)));
  co_return account.last_access_tracking ? now : Time{};
}

}  // namespace blobgate::operations
