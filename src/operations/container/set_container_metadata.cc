// Set Container Metadata (operations.md 2.2).
#include <utility>

#include "operations/container/container_request.h"
#include "operations/handlers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {

// Replaces all metadata; no x-ms-meta-* header removes all.
Task<azure::Outcome<http::Response>> SetContainerMetadata(Call& call) {
  BG_CO_TRY(const auto metadata, RequestMetadata(call));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(auto container, co_await LoadForContainerOperation(call));
    blob::ContainerRecord record = container->record;
    if (call.resource.face == azure::Face::kDfs) {
      BG_CO_CHECK(
          CheckContainerConditions(call, record, {"If-Modified-Since", "If-Unmodified-Since"}));
    } else {
      BG_CO_CHECK(CheckContainerConditions(call, record, {"If-Modified-Since"}));
    }
    record.metadata = metadata;
    TouchContainer(call, record);
    engine::Batch batch = PutContainer(call, record);
    BG_CO_TRY(bool done, co_await CommitContainer(call, *container, std::move(batch)));
    if (!done) continue;
    http::Response response;
    response.status = 200;
    SetContainerEtag(response, record);
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
