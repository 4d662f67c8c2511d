// Undelete in a hierarchical container (operations.md 2.3, 3.2).
#pragma once

#include "operations/blob_store.h"

namespace blobgate::operations {

/// One round of bringing back, at the path of the call, what x-ms-undelete-source names; nullopt:
/// something moved. 400 MissingRequiredHeader, InvalidHeaderValue, InvalidUri (too deep); 404
/// BlobNotFound; 409 BlobAlreadyExists, PathConflict.
Task<azure::Outcome<std::optional<http::Response>>> TryUndeletePath(Call& call,
                                                                    const Target& target);

}  // namespace blobgate::operations
