// Set Blob Expiry (operations.md 2.3): when a file of a hierarchical container ends. In a flat one
// a well-formed request is refused as the service refuses it there; what is malformed, or names no
// blob, is told first. Touches neither ETag nor Last-Modified.
#include <utility>

#include "blob/lease.h"
#include "operations/blob/blob_access.h"
#include "operations/handlers.h"
#include "operations/lease_headers.h"
#include "operations/path/path_headers.h"

namespace blobgate::operations {
namespace {

azure::Outcome<Time> ParseNewEnd(const Call& call, Time now, Time created) {
  BG_TRY(const auto expires, ParseExpiry(call.headers(), now, created));
  if (!expires) return azure::Fail(azure::MissingHeader("x-ms-expiry-option"));
  return *expires;
}

/// The file's record with its new end, which the commit puts into the purge index.
azure::Outcome<blob::BlobRecord> ChangeExpiry(Call& call, const Target& target,
                                              std::optional<std::string_view> lease_id) {
  if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
  if (!target.place) {
    return azure::Fail(azure::Error(azure::ErrorCode::kInvalidInput)
                           .WithMessage("Hierarchical namespace is not enabled for this account."));
  }
  if (target.is_directory()) return azure::Fail(azure::ErrorCode::kResourceTypeMismatch);
  blob::BlobRecord record = *target.blob;
  const Time now = call.services.clock.Now();
  BG_TRY(record.lease, blob::CheckWrite(record.lease, lease_id, blob::LeaseSubject::kBlob, now));
  BG_TRY(record.path.expires, ParseNewEnd(call, now, record.created));
  return record;
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobExpiry(Call& call) {
  BG_CO_CHECK(CheckBaseBlob(call.query()));
  BG_CO_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  BG_CO_CHECK(ParseNewEnd(call, call.now, call.now));
  BlobChange change = [&](const Target& target) { return ChangeExpiry(call, target, lease_id); };
  BG_CO_TRY(const auto record, co_await UpdateBlob(call, std::move(change)));
  http::Response response;
  response.status = 200;
  SetEtag(response, record.etag, record.modified);
  co_return response;
}

}  // namespace blobgate::operations
