// ParseNewBlob: the headers of the operations that write a whole blob.
#include <string>
#include <utility>

#include "azure/metadata.h"
#include "azure/tags.h"
#include "operations/blob/blob_access.h"
#include "operations/blob/immutable_storage.h"
#include "operations/lease_headers.h"
#include "operations/property_headers.h"
#include "operations/replace_blob.h"

namespace blobgate::operations {
namespace {

constexpr std::string_view kDefaultContentType = "application/octet-stream";

/// x-ms-tags. Who writes tags needs the permission for them (operations.md 1.7; AzCopy tests it).
azure::Outcome<void> ParseTags(const Call& call, NewBlobInputs& inputs) {
  const std::string_view text = call.headers().Get("x-ms-tags");
  if (text.empty()) return {};
  if (!call.permissions.Has('t')) {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  BG_TRY(inputs.tags, azure::ParseTagsHeader(text));
  inputs.tags_header = true;
  return {};
}

/// x-ms-immutability-policy-* and x-ms-legal-hold.
azure::Outcome<void> ParseImmutability(const Call& call, NewBlobInputs& inputs) {
  BG_TRY(inputs.immutability, blob::ImmutabilityRequest::Parse(call.headers(), call.now));
  if (!inputs.immutability.protects()) return {};
  if (!call.permissions.Has('i')) {
    return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
  }
  return CheckImmutableStorage(call);
}

}  // namespace

azure::Outcome<NewBlobInputs> ParseNewBlob(Call& call, bool body_is_content) {
  NewBlobInputs inputs;
  BG_TRY(auto properties, ParsePropertyHeaders(call.headers(), body_is_content));
  inputs.properties = std::move(properties.properties);
  inputs.any_property_header = properties.any;
  if (inputs.properties.content_type.empty()) inputs.properties.content_type = kDefaultContentType;
  BG_TRY(inputs.metadata, azure::ParseMetadata(call.headers()));
  inputs.any_metadata_header = !inputs.metadata.empty();
  BG_CHECK(ParseTags(call, inputs));
  if (const std::string_view tier = call.headers().Get("x-ms-access-tier"); !tier.empty()) {
    BG_TRY(inputs.tier, blob::ParseTier(tier));
    BG_CHECK(blob::CheckTierOfAccount(*inputs.tier, call.account.kind, call.account.sku));
  }
  BG_TRY(inputs.priority,
         blob::ParseRehydratePriority(call.headers().Get("x-ms-rehydrate-priority")));
  BG_CHECK(ParseImmutability(call, inputs));
  BG_TRY(inputs.keys, ParseKeyRequest(call));
  BG_TRY(const auto lease_id, LeaseIdOf(call.headers()));
  if (lease_id) inputs.lease_id = std::string(*lease_id);
  BG_TRY(inputs.conditions, ParseConditions(call));
  return inputs;
}

}  // namespace blobgate::operations
