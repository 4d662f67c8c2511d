// Set Blob Expiry: when a file of a hierarchical container ends (operations.md 2.3). Touches
// neither ETag nor Last-Modified.
#include <utility>

#include "blob/keys.h"
#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

/// The file's record with its new end, and its place in the purge index.
azure::Outcome<engine::Batch> ChangeExpiry(Call& call, const Target& target,
                                           std::optional<std::string_view> lease_id,
                                           blob::BlobRecord& record) {
  if (!target.place) return azure::Fail(azure::ErrorCode::kHierarchicalNamespaceNotEnabled);
  if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
  if (target.is_directory()) return azure::Fail(azure::ErrorCode::kResourceTypeMismatch);
  record = *target.blob;
  const Time now = call.services.clock.Now();
  BG_TRY(record.lease, blob::CheckWrite(record.lease, lease_id, blob::LeaseSubject::kBlob, now));
  BG_TRY(const auto expires, ParseExpiry(call.headers(), now, record.created));
  if (!expires) return azure::Fail(azure::MissingHeader("x-ms-expiry-option"));
  record.path.expires = *expires;
  engine::Batch batch;
  batch.puts.push_back({target.key, record.Encode()});
  return batch;
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobExpiry(Call& call) {
  BG_CO_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(call));
    blob::BlobRecord record;
    BG_CO_TRY(auto batch, ChangeExpiry(call, target, lease_id, record));
    BG_CO_TRY(const bool done, co_await CommitTarget(call.services, target, std::move(batch)));
    if (!done) continue;
    http::Response response;
    response.status = 200;
    SetEtag(response, record.etag, record.modified);
    co_return response;
  }
  co_return azure::Fail(Busy());
}

}  // namespace blobgate::operations
