// What List Paths asks for and finds, in both kinds of container.
#pragma once

#include <string>
#include <vector>

#include "blob/records.h"

namespace blobgate::operations {

struct PathListing {
  bool recursive = false;
  std::size_t max_results = 0;
  std::string directory;  ///< without slashes around; empty: the root
  std::string from;       ///< a path to begin with
};

struct ListedPath {
  std::string name;
  bool directory = false;
  blob::BlobRecord record;
};

struct ListedPaths {
  std::vector<ListedPath> paths;
  std::string next;  ///< the path that the next page begins with; empty: this is the last one
};

}  // namespace blobgate::operations
