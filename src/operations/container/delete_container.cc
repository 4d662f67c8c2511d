// Delete Container (operations.md 2.2).
#include <chrono>
#include <string>
#include <utility>

#include "blob/keys.h"
#include "blob/lease.h"
#include "operations/blob/immutable_storage.h"
#include "operations/container/collector.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {

namespace {

/// Keeps the record where Restore Container finds it.
void KeepContainer(const Call& call, blob::ContainerRecord record, engine::Batch& batch) {
  record.deleted = call.services.clock.Now();
  record.purge = record.deleted + std::chrono::days(call.account.container_retention_days);
  record.lease = {};
  const std::string key =
      blob::DeletedContainerKey(call.resource.container, blob::ContainerVersion(record.deleted));
  batch.preconditions.push_back(engine::Precondition::Absent(key));
  batch.puts.push_back({key, record.Encode()});
}

}  // namespace

// The commit takes the container's row away and leaves the garbage row, or that of a container that
// can be restored, in one step: from then on the name is free (the real service blocks it for 30
// s), and the collector finds what is left even after a crash.
Task<azure::Outcome<http::Response>> DeleteContainer(Call& call) {
  BG_CO_TRY(auto lease_id, LeaseIdOf(call.headers()));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(auto container, co_await LoadContainer(call.services, call.resource.account,
                                                     call.resource.container));
    const blob::ContainerRecord& record = container->record;
    BG_CO_CHECK(blob::CheckWrite(record.lease, lease_id, blob::LeaseSubject::kContainer, call.now));
    BG_CO_CHECK(
        CheckContainerConditions(call, record, {"If-Modified-Since", "If-Unmodified-Since"}));
    BG_CO_CHECK(co_await CheckContainerDelete(call, record));
    engine::Batch batch;
    batch.deletes.push_back(blob::ContainerKey(call.resource.container));
    const bool keep = call.account.container_retention_days > 0;
    if (keep) {
      KeepContainer(call, record, batch);
    } else {
      batch.puts.push_back({blob::GarbageKey(record.incarnation), call.resource.container});
    }
    BG_CO_TRY(bool done, co_await CommitContainer(call, *container, std::move(batch)));
    if (!done) continue;
    if (!keep) {
      SpawnCollection(call.services,
                      {call.resource.account, call.resource.container, record.incarnation});
    }
    http::Response response;
    response.status = 202;
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
