// The referenced extents of one segment, as the catalog has them.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/local/catalog_db.h"
#include "engine/local/catalog_rows.h"

namespace blobgate::engine {

/// An extent that lies in a segment.
struct Resident {
  Place place;               ///< where it lies
  Place birth;               ///< its name
  std::uint64_t stored = 0;  ///< bytes
};

/// Those born in `segment` that did not move, and those that moved into it, by position. Blocks.
/// kCorruption for damaged rows.
Result<std::vector<Resident>> ResidentsOf(CatalogDb& db, std::uint64_t segment);

}  // namespace blobgate::engine
