// The catalog's side of a Volume.
#pragma once

#include <rocksdb/file_system.h>

#include <memory>

#include "model/volume.h"

namespace blobgate::engine::model {

/// RocksDB's file system on a Volume. The volume outlives it.
std::shared_ptr<rocksdb::FileSystem> NewVolumeFileSystem(Volume& volume);

}  // namespace blobgate::engine::model
