// Which rows of a container a List Blobs request sees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/boxed.h"
#include "blob/records.h"
#include "http/request_head.h"
#include "operations/list_page.h"

namespace blobgate::operations {

/// The first byte of the keys of blobs (blob/keys.h).
inline constexpr char kBlobRows = 'b';

/// The `include` flags that add something.
struct BlobListing {
  bool copy = false;
  bool metadata = false;
  bool tags = false;
  bool uncommitted = false;  ///< uncommittedblobs
  bool snapshots = false;
  bool versions = false;
  bool deleted = false;        ///< with snapshots and versions: those that are deleted too
  bool versions_only = false;  ///< deletedwithversions
  bool immutability = false;   ///< immutabilitypolicy
  bool legal_hold = false;
  bool permissions = false;   ///< owner, group and so on in hierarchical containers
  bool only_deleted = false;  ///< showonly=deleted, of hierarchical containers
  std::string prefix;
  std::string delimiter;   ///< empty: a flat listing
  std::string end_before;  ///< of hierarchical containers: only paths that come before; empty: all

  /// Of a request. 400 InvalidQueryParameterValue for any other item.
  static azure::Outcome<BlobListing> Parse(const http::Query& query);
};

/// A blob, or a common prefix (no record).
struct BlobEntry {
  std::string key;
  std::size_t weight = 0;
  std::string name;
  Boxed<blob::BlobRecord> record;  ///< without content; metadata and tags if asked for
  std::size_t tag_count = 0;
  std::uint64_t deletion = 0;  ///< of a deleted path (path/list_tree.h); 0: it is not deleted
};

/// What the row `key` is in `listing` at `now`. A row under a delimiter becomes its common prefix,
/// with a seek over all others that share it. kCorruption when the row cannot be decoded.
Result<ListedRow<BlobEntry>> ReadBlobRow(const BlobListing& listing, Time now, std::string_view key,
                                         std::string_view value);

}  // namespace blobgate::operations
