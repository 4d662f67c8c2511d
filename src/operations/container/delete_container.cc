// Delete Container (operations.md 2.2).
#include <utility>

#include "blob/lease.h"
#include "operations/container/collector.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {

// The commit takes the container's row away and leaves the garbage row in one step: from then on
// the name is free (the real service blocks it for 30 s), and the collector finds what is left even
// after a crash.
Task<azure::Outcome<http::Response>> DeleteContainer(Call& call) {
  BG_CO_TRY(auto lease_id, LeaseIdOf(call.headers()));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(auto container, co_await LoadContainer(call.services, call.resource.account,
                                                     call.resource.container));
    const blob::ContainerRecord& record = container.record;
    BG_CO_CHECK(blob::CheckWrite(record.lease, lease_id, blob::LeaseSubject::kContainer, call.now));
    BG_CO_CHECK(
        CheckContainerConditions(call, record, {"If-Modified-Since", "If-Unmodified-Since"}));
    engine::Batch batch;
    batch.deletes.push_back(blob::ContainerKey(call.resource.container));
    batch.puts.push_back({blob::GarbageKey(record.incarnation), call.resource.container});
    BG_CO_TRY(bool done, co_await CommitContainer(call, container, std::move(batch)));
    if (!done) continue;
    SpawnCollection(call.services,
                    {call.resource.account, call.resource.container, record.incarnation});
    http::Response response;
    response.status = 202;
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
