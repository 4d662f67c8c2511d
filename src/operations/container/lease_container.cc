// Lease Container: acquire, renew, change, release, break (operations.md 2.2).
#include <utility>

#include "blob/lease.h"
#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> LeaseContainer(Call& call) {
  BG_CO_TRY(auto request, ParseLeaseRequest(call.headers()));
  BG_CO_CHECK(CheckLeasePermission(call.permissions, request.action));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(auto container, co_await LoadContainer(call.services, call.resource.account,
                                                     call.resource.container));
    blob::ContainerRecord record = container->record;
    BG_CO_CHECK(
        CheckContainerConditions(call, record, {"If-Modified-Since", "If-Unmodified-Since"}));
    BG_CO_TRY(auto change,
              blob::Apply(record.lease, request, call.now, blob::LeaseSubject::kContainer));
    record.lease = change.lease;  // ETag and Last-Modified stay
    engine::Batch batch = PutContainer(call, record);
    BG_CO_TRY(bool done, co_await CommitContainer(call, *container, std::move(batch)));
    if (!done) continue;
    http::Response response;
    SetLeaseAnswer(response, change);
    SetContainerEtag(response, record);
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
