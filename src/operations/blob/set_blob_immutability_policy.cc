// Set Blob Immutability Policy (operations.md 1.18, 2.3): on the base blob, a snapshot or a
// version. Touches neither ETag nor Last-Modified.
#include <string>
#include <utility>

#include "blob/immutability.h"
#include "operations/blob/blob_access.h"
#include "operations/blob/immutable_storage.h"
#include "operations/blob_headers.h"
#include "operations/handlers.h"

namespace blobgate::operations {
namespace {

struct PolicyRequest {
  blob::ImmutabilityRequest policy;
  blob::ConditionHeaders conditions;  ///< If-Unmodified-Since, the only one (operations.md 2.3)
};

azure::Outcome<PolicyRequest> ParsePolicy(const Call& call) {
  PolicyRequest request;
  BG_TRY(request.policy, blob::ImmutabilityRequest::Parse(call.headers(), call.now));
  if (!request.policy.until) {
    return azure::Fail(azure::MissingHeader("x-ms-immutability-policy-until-date"));
  }
  BG_TRY(auto all, blob::ConditionHeaders::Parse(call.headers()));
  request.conditions.if_unmodified_since = std::move(all.if_unmodified_since);
  BG_CHECK(CheckImmutableStorage(call));
  return request;
}

}  // namespace

Task<azure::Outcome<http::Response>> SetBlobImmutabilityPolicy(Call& call) {
  BG_CO_TRY(const auto request, ParsePolicy(call));
  BlobChange change = [&](const Target& target) -> azure::Outcome<blob::BlobRecord> {
    if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
    const blob::ConditionSubject subject = SubjectOf(target);
    BG_CHECK(blob::CheckWrite(request.conditions, &subject, false));
    blob::BlobRecord record = *target.blob;
    BG_TRY(record.immutability, blob::SetPolicy(record.immutability, request.policy));
    return record;
  };
  BG_CO_TRY(const auto record, co_await UpdateState(call, std::move(change)));
  http::Response response;
  response.status = 200;
  response.Set("x-ms-immutability-policy-until-date", FormatHttpDate(record.immutability.until));
  response.Set("x-ms-immutability-policy-mode",
               std::string(blob::ImmutabilityModeName(record.immutability.mode)));
  co_return response;
}

}  // namespace blobgate::operations
