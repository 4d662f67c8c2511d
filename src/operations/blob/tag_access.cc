#include "operations/blob/tag_access.h"

#include <utility>

#include "blob/lease.h"
#include "operations/lease_headers.h"

namespace blobgate::operations {

azure::Outcome<blob::ConditionHeaders> ParseTagOperationConditions(const Call& call) {
  BG_TRY(auto conditions, blob::ConditionHeaders::Parse(call.headers(), "x-ms-blob-"));
  BG_TRY(auto tags, ParseTagConditions(call));
  conditions.if_tags = std::move(tags.if_tags);
  return conditions;
}

azure::Outcome<void> CheckTagTarget(const Call& call, const Target& target) {
  if (!target.exists()) return azure::Fail(azure::ErrorCode::kBlobNotFound);
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  return blob::CheckRead(target.blob->lease, lease_id, blob::LeaseSubject::kBlob,
                         call.services.clock.Now());
}

}  // namespace blobgate::operations
