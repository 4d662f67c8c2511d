// List Blobs on a hierarchical container.
#pragma once

#include "operations/container/blob_listing.h"

namespace blobgate::operations {

/// The page that `call` asks for. Only `/` is a delimiter there: 400 InvalidQueryParameterValue for
/// another. POSIX rights to the listed directory: 403.
Task<azure::Outcome<Page<BlobEntry>>> ListTree(Call& call, const BlobListing& listing,
                                               const blob::ContainerRecord& container,
                                               PageLimits limits);

/// The deleted files and directories below `prefix` (showonly=deleted).
Task<azure::Outcome<Page<BlobEntry>>> ListDeletedPaths(Call& call, const BlobListing& listing,
                                                       const blob::ContainerRecord& container,
                                                       PageLimits limits);

}  // namespace blobgate::operations
