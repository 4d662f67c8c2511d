// Get Blob Tags (operations.md 2.3). Archived blobs answer too.
#include "azure/tags.h"
#include "operations/blob/tag_access.h"
#include "operations/handlers.h"
#include "operations/path/path_access.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetBlobTags(Call& call) {
  BG_CO_TRY(const auto state, ParseStateName(call.query()));
  BG_CO_TRY(const auto conditions, ParseTagOperationConditions(call));
  BG_CO_TRY(const auto target, co_await LoadState(call.services, call.resource, state));
  BG_CO_CHECK(CheckPathAccess(call, target));
  BG_CO_CHECK(CheckTagTarget(call, target));
  BG_CO_CHECK(blob::CheckRead(conditions, SubjectOf(target)));
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  response.text = azure::RenderTagsXml(target.blob->tags);
  co_return response;
}

}  // namespace blobgate::operations
