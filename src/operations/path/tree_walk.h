// Listing a hierarchical container: depth first, each directory in byte order of its leaves, a
// directory before what is in it. A page costs what it shows; the place to go on from is a path.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "operations/blob_store.h"
#include "operations/list_page.h"

namespace blobgate::operations {

struct TreeEntry {
  std::string path;
  std::string key;  ///< of its row
  engine::RowVersion version = 0;
  blob::BlobRecord record;  ///< without content
};

struct TreePage {
  std::vector<TreeEntry> entries;
  std::string next;  ///< the path that the next page begins with; empty: this is the last one
};

struct TreeQuery {
  std::uint64_t directory = 0;
  std::string path;         ///< of that directory, without slashes around; empty: the root
  std::string leaf_prefix;  ///< of names directly in it
  std::string from;  ///< begin with this path, or behind it when it is gone; empty: at the start
  bool recursive = true;
  PageLimits limits;
  /// Is the entry shown? Null: all are.
  std::function<bool(const blob::BlobRecord&)> shows;
  /// Is the content of this directory looked at? Null: always.
  std::function<bool(const blob::BlobRecord&)> enters;
};

/// A page of what is below `query.directory`.
Task<azure::Outcome<TreePage>> WalkTree(Services& services, engine::PartitionRef partition,
                                        TreeQuery query);

}  // namespace blobgate::operations
