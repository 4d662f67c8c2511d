// Whether a catalog is all there, before anything is done to it.
#pragma once

#include "base/result.h"
#include "engine/local/catalog_db.h"
#include "engine/local/data_dir.h"

namespace blobgate::engine {

/// OK when the catalog holds all that was acknowledged, as far as the CommitMark tells. Changes
/// nothing: opening for writing drops what lies behind a damaged record of the log, and recovery
/// then takes away the segments that only those rows named. kCorruption: something is missing.
Status CheckCatalogIsWhole(const LocalOptions& options, const DataDir& dir);

/// The same for a catalog that is open already.
Status CheckAcknowledged(const CatalogDb& db, Disk& disk, const DataDir& dir);

}  // namespace blobgate::engine
