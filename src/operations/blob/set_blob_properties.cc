// Set Blob Properties: the HTTP headers of a blob (operations.md 2.3).
#include <array>
#include <string_view>
#include <utility>

#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/property_headers.h"
#include "operations/unsupported_headers.h"

namespace blobgate::operations {
namespace {

/// Resizing and sequence numbers are for page blobs.
constexpr std::array<std::string_view, 3> kPageHeaders = {
    "x-ms-blob-content-length", "x-ms-sequence-number-action", "x-ms-blob-sequence-number"};

azure::Outcome<void> CheckPageHeaders(const http::HeaderView& headers, blob::BlobType type) {
  if (type == blob::BlobType::kPage) return {};
  for (const std::string_view name : kPageHeaders) {
    if (headers.Has(name)) return azure::Fail(azure::ErrorCode::kInvalidBlobType);
  }
  return {};
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobProperties(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_CHECK(CheckSupported(call.headers()));
  BG_CO_TRY(const auto given, ParsePropertyHeaders(call.headers(), false));
  BG_CO_TRY(const auto conditions, ParseConditions(call));
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    BG_TRY(auto lease, CheckUpdate(call, target, conditions));
    BG_CHECK(CheckPageHeaders(call.headers(), target.blob->type));
    blob::BlobRecord record = *target.blob;
    record.lease = std::move(lease);
    if (given.any) record.properties = given.properties;  // what was not sent is cleared
    MarkModified(call, record);
    return record;
  };
  BG_CO_TRY(const auto record, co_await UpdateBlob(call, std::move(change)));
  http::Response response;
  response.status = 200;
  SetEtag(response, record.etag, record.modified);
  co_return response;
}

}  // namespace blobgate::operations
