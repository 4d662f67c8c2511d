// Get Path Properties, Get Path Status and Get Path Access Control: HEAD on a path (operations.md
// 3.2).
#include "operations/blob/blob_access.h"
#include "operations/blob_headers.h"
#include "operations/encryption.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

/// Flat containers have no root directory of their own.
Task<azure::Outcome<Target>> LoadPath(Call& call) {
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  if (call.resource.blob.empty()) {
    BG_CO_TRY(const auto container, co_await LoadContainer(call.services, call.resource.account,
                                                           call.resource.container));
    if (!container->record.hierarchical) {
      if (call.posix) co_return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
      Target root;
      root.container = container;
      blob::BlobRecord& record = root.blob.emplace();
      record.etag = container->record.etag;
      record.created = container->record.created;
      record.modified = container->record.modified;
      record.metadata.emplace_back(kFolderMark, "true");
      co_return root;
    }
  }
  co_return co_await LoadForRead(call, conditions);
}

/// ETag and Last-Modified are sent all the same.
void SetSystemHeaders(http::Response& response, const Call& call, const blob::BlobRecord& record) {
  SetEtag(response, record.etag, record.modified);
  response.Set("Accept-Ranges", "bytes");
  response.Set("x-ms-creation-time", FormatHttpDate(record.created));
  response.Set("x-ms-server-encrypted", "true");
  SetLeaseState(response, record.lease, call.now);
  SetPathHeaders(response, call, record);
}

}  // namespace

Task<azure::Outcome<http::Response>> GetPathProperties(Call& call) {
  BG_CO_TRY(const auto given, ParseCustomerKey(call));
  BG_CO_TRY(auto target, co_await LoadPath(call));
  // The root has no properties; those of the filesystem are another operation.
  if (call.resource.blob.empty()) co_return azure::Fail(azure::ErrorCode::kInvalidUri);
  BG_CO_CHECK(OpenRecord(call, given, *target.blob));
  http::Response response;
  response.status = 200;
  response.content_length = target.blob->length;
  SetBlobHeaders(response, call, *target.blob, BlobAnswer::kProperties);
  co_return response;
}

Task<azure::Outcome<http::Response>> GetPathStatus(Call& call) {
  BG_CO_TRY(const auto target, co_await LoadPath(call));
  http::Response response;
  response.status = 200;
  response.content_length = target.blob->length;
  SetSystemHeaders(response, call, *target.blob);
  co_return response;
}

Task<azure::Outcome<http::Response>> GetPathAccessControl(Call& call) {
  BG_CO_TRY(const auto container,
            co_await LoadContainer(call.services, call.resource.account, call.resource.container));
  if (!container->record.hierarchical) {
    co_return azure::Fail(azure::ErrorCode::kHierarchicalNamespaceNotEnabled);
  }
  BG_CO_TRY(const auto target, co_await LoadPath(call));
  http::Response response;
  response.status = 200;
  SetEtag(response, target.blob->etag, target.blob->modified);
  SetAccessHeaders(response, target.blob->path);
  response.Set("x-ms-namespace-enabled", "true");
  co_return response;
}

}  // namespace blobgate::operations
