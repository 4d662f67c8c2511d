// The dfs face of flat containers: directories are what names have in common, and marker blobs with
// hdi_isfolder.
#pragma once

#include <optional>
#include <string>
#include <vector>

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

/// What a blob must be for DeleteOne to delete it.
struct DeleteTerms {
  std::string etag;  ///< quoted; empty: any state
  std::optional<std::string> lease_id;
};

/// Deletes one blob as Delete Blob does. Not being there is no error, unless an ETag was asked for.
Task<azure::Outcome<void>> DeleteOne(Call& call, const std::string& container,
                                     const std::string& name, const DeleteTerms& terms);

}  // namespace blobgate::operations
