// Set Blob Legal Hold (operations.md 1.18, 2.3): on the base blob, a snapshot or a version, with or
// without a policy. A hold may be lifted where holds can no longer be put.
#include <string>
#include <utility>

#include "blob/immutability.h"
#include "operations/blob/blob_access.h"
#include "operations/blob/immutable_storage.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

azure::Outcome<bool> ParseLegalHold(const Call& call) {
  BG_TRY(const auto request, blob::ImmutabilityRequest::Parse(call.headers(), call.now));
  if (!request.legal_hold) return azure::Fail(azure::MissingHeader("x-ms-legal-hold"));
  if (*request.legal_hold) BG_CHECK(CheckImmutableStorage(call));
  return *request.legal_hold;
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobLegalHold(Call& call) {
  BG_CO_TRY(const bool hold, ParseLegalHold(call));
  BlobChange change = [hold](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
    blob::BlobRecord record = *target.blob;
    record.immutability.legal_hold = hold;
    return record;
  };
  BG_CO_CHECK(co_await UpdateState(call, std::move(change)));
  http::Response response;
  response.status = 200;
  response.Set("x-ms-legal-hold", hold ? "true" : "false");
  co_return response;
}

}  // namespace blobgate::operations
