// Put Blob From URL: a new block blob with the content of another (operations.md 2.4). Unlike the
// copies it leaves no x-ms-copy-* state.
#include <string>
#include <utility>

#include "operations/blob_store.h"
#include "operations/copy/copy_content.h"
#include "operations/handlers.h"

namespace blobgate::operations {

Task<azure::Outcome<http::Response>> PutBlobFromUrl(Call& call) {
  BG_CO_TRY(const auto inputs, ParseNewBlob(call, false));
  BG_CO_TRY(const auto request, ParseCopyRequest(call, CopyKind::kPutBlobFromUrl));
  std::string no_copy_id;
  BG_CO_TRY(const auto copied, co_await CopyNow(call, request, inputs, std::move(no_copy_id)));

  http::Response response;
  response.status = 201;
  SetEtag(response, copied.record.etag, copied.record.modified);
  SetVersionId(response, copied.record);
  SetContentHash(response, copied.crc64, copied.md5);
  SetWriteEncryption(response, copied.record.encryption);
  co_return response;
}

}  // namespace blobgate::operations
