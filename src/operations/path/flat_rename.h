// Rename Path into a flat container, from the same or another: copies that share their extents, and
// deletes, some names at a time. Not atomic; who repeats the request with its continuation finishes
// it.
#pragma once

#include "operations/path/rename_request.h"

namespace blobgate::operations {

/// 201; x-ms-continuation while there are more names. 404 SourcePathNotFound, 409
/// InvalidRenameSourcePath, 400 InvalidSourceUri for a source in a hierarchical container, and what
/// Copy Blob and Delete Blob answer.
Task<azure::Outcome<http::Response>> RenameFlat(Call& call, const RenameRequest& request);

}  // namespace blobgate::operations
