// What opening a store does before anything is served.
#pragma once

#include "engine/local/ballast.h"
#include "engine/local/catalog_db.h"
#include "engine/local/committer.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/segment_file.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

struct RecoveryParts {
  CatalogDb& db;
  Committer& committer;
  Segments& segments;
  GarbageQueue& garbage;
  const SegmentPaths& paths;
  Ballast& ballast;
};

/// Reads the rows of all segments; writes to them what was in the log alone; takes off whatever
/// lies between the referenced extents of those that were active, cuts their tails and seals them;
/// removes files without a row; queues what waited to be taken off the disk. Costs what was active,
/// not what is stored. May be cut short and repeated. Errors: kCorruption when a segment that holds
/// live bytes is missing or too short.
Status Recover(const RecoveryParts& parts);

}  // namespace blobgate::engine
