// Get Blob Tags (operations.md 2.3). Archived blobs answer too.
#include "azure/tags.h"
#include "operations/blob/tag_access.h"
#include "operations/handlers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> GetBlobTags(Call& call) {
  BG_CO_TRY(const bool old_version, NamesOldVersion(call.query()));
  BG_CO_TRY(const auto conditions, ParseTagOperationConditions(call));
  BG_CO_TRY(const auto target, co_await LoadTarget(call));
  if (old_version) co_return azure::Fail(azure::ErrorCode::kBlobNotFound);
  BG_CO_CHECK(CheckTagTarget(call, target));
  BG_CO_CHECK(blob::CheckRead(conditions, SubjectOf(target)));
  http::Response response;
  response.status = 200;
  response.Set("Content-Type", "application/xml");
  response.text = azure::RenderTagsXml(target.blob->tags);
  co_return response;
}

}  // namespace blobgate::operations
