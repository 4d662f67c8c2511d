// Which containers have immutable storage with versioning, and what that asks of operations
// (operations.md 1.18).
#pragma once

#include "operations/blob_store.h"
#include "operations/call.h"

namespace blobgate::operations {

/// Can the blobs of the call's container get policies and legal holds? 409
/// BlobOperationNotSupported: the account's settings do not say so.
azure::Outcome<void> CheckImmutableStorage(const Call& call);

/// May the container `record` be deleted? Where blobs can get policies and holds, or ever did, only
/// while it is empty, deleted states that can be brought back included: 409
/// ContainerImmutableStorageWithVersioningEnabled. (The service always refuses it here and leaves
/// it to its management API, which does the same.) A blob that is written while the container is
/// being deleted may go with it.
Task<azure::Outcome<void>> CheckContainerDelete(Call& call, const blob::ContainerRecord& record);

}  // namespace blobgate::operations
