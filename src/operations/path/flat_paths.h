// The dfs face of flat containers: directories are what names have in common, and marker blobs with
// hdi_isfolder.
#pragma once

#include "operations/blob_store.h"
#include "operations/path/list_paths.h"

namespace blobgate::operations {

Task<azure::Outcome<ListedPaths>> ListFlatPaths(Call& call, const PathListing& listing,
                                                const blob::ContainerRecord& container);

/// Delete Path. A directory's blobs go some at a time: 200 with x-ms-continuation while there are
/// more. 404 PathNotFound, 409 DirectoryNotEmpty.
Task<azure::Outcome<http::Response>> DeleteFlat(Call& call, bool recursive);

/// The names of up to `limit` blobs that begin with `prefix`.
Task<azure::Outcome<std::vector<std::string>>> NamesBelow(Services& services,
                                                          const blob::ContainerRecord& container,
                                                          std::string prefix, std::size_t limit);

/// Deletes one blob as Delete Blob does, without conditions. Not being there is no error.
Task<azure::Outcome<void>> DeleteOne(Call& call, const std::string& name);

}  // namespace blobgate::operations
