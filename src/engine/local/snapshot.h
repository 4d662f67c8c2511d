// A copy of the whole store at one moment, made while it is used.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "engine/local/catalog_db.h"
#include "engine/local/data_dir.h"
#include "engine/local/garbage_queue.h"
#include "engine/local/local_engine.h"
#include "engine/local/logged_extents.h"
#include "engine/local/segment_file.h"
#include "engine/local/segments.h"

namespace blobgate::engine {

struct SnapshotParts {
  CatalogDb& db;
  const SegmentPaths& paths;
  Segments& segments;
  GarbageQueue& garbage;
  LoggedExtents& logged;
};

/// As engine::TakeSnapshot. How it holds together:
///
/// - A read guard is taken first: nothing that becomes garbage from then on is taken off the disk
///   until the snapshot is done.
/// - The catalog is a RocksDB checkpoint: every commit that was answered before the call is in it,
///   and every extent it names was durable before.
/// - Segments of the checkpoint follow. A sealed one is cloned (reflink), or else hard-linked, or
///   else copied; an active one is always cloned or copied.
/// - FORMAT comes last: a directory without it is no store.
///
/// A hard-linked segment belongs to two stores. Neither may change it: a store neither punches
/// holes into a segment whose file has more than one link, nor appends to it.
Result<SnapshotReport> MakeSnapshot(const SnapshotParts& parts, const std::string& target,
                                    const std::stop_token& stop);

}  // namespace blobgate::engine
