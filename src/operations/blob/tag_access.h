// What Get Blob Tags and Set Blob Tags share.
#pragma once

#include "operations/blob/blob_access.h"

namespace blobgate::operations {

/// Tag operations have conditions of their own: x-ms-blob-if-* and x-ms-if-tags
/// (operations.md 2.3).
azure::Outcome<blob::ConditionHeaders> ParseTagOperationConditions(const Call& call);

/// 404 BlobNotFound; 412 when a lease id was sent that is not the blob's: a lease does not keep
/// others from its tags.
azure::Outcome<void> CheckTagTarget(const Call& call, const Target& target);

}  // namespace blobgate::operations
