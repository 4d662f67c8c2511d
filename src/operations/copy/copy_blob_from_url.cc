// Copy Blob From URL: the whole copy happens while the client waits (operations.md 2.3).
#include <string>
#include <utility>

#include "base/uuid.h"
#include "operations/blob_store.h"
#include "operations/copy/copy_content.h"
#include "operations/handlers.h"
#include "operations/unsupported_headers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> CopyBlobFromUrl(Call& call) {
  BG_CO_CHECK(RefuseCustomerKey(call.headers()));
  BG_CO_TRY(const auto inputs, ParseNewBlob(call, false));
  BG_CO_TRY(const auto request, ParseCopyRequest(call, CopyKind::kCopyBlobFromUrl));
  std::string copy_id = NewUuid();
  BG_CO_TRY(const auto copied, co_await CopyNow(call, request, inputs, std::move(copy_id)));

  http::Response response;
  response.status = 202;
  SetEtag(response, copied.record.etag, copied.record.modified);
  SetVersionId(response, copied.record);
  SetContentHash(response, copied.crc64, copied.md5);
  response.Set("x-ms-copy-id", copied.record.copy.id);
  response.Set("x-ms-copy-status", "success");
  SetKeyHeaders(response, copied.record.encryption);
  co_return response;
}

}  // namespace blobgate::operations
