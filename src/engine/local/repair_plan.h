// What a check found that can be set right, and doing it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/result.h"
#include "engine/local/catalog_rows.h"
#include "engine/local/extent_ledger.h"

namespace blobgate::engine {

class OfflineStore;

/// Filled by IntegrityCheck.
struct RepairPlan {
  struct Count {
    ExtentRef ref;
    std::uint64_t references = 0;  ///< 0: nobody refers to it, it becomes garbage
    Place at = {};                 ///< where it lies, if the catalog does not have it
  };
  std::map<Place, Count> counts;  ///< by birth: extents whose count changes
  std::vector<Place> garbage_to_drop;
  std::map<Place, MovedRow> moved_to_put;  ///< by present place
  std::vector<Place> moved_to_drop;
  std::set<std::uint64_t> segments;  ///< whose row is set from what there is
  std::vector<std::uint64_t> files_to_remove;
  bool forbidden = false;  ///< the catalog is too damaged to write to it

  // How the store is.
  std::map<std::uint64_t, SegmentRow> rows;
  std::map<std::uint64_t, std::uint64_t> file_sizes;
  std::vector<LedgerEntry> extents;
};

/// Makes the changes, durable in one batch, then removes the files. The store is open for reading
/// again on return. REQUIRES: !plan.forbidden.
Status ApplyRepairs(OfflineStore& store, const RepairPlan& plan);

}  // namespace blobgate::engine
