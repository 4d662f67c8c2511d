// How RocksDB reaches the operating system: its files, and its own log.
#pragma once

#include <rocksdb/env.h>

#include <functional>
#include <memory>

namespace blobgate::engine {

/// `base` (null: the default), but logs have zeros ahead of their records (catalog_log.h), and
/// files are only made longer ahead of being written while `has_room()`: what is left of a disk
/// that is nearly full is for what must be written. `base` must outlive it; thread-safe if
/// `has_room` is.
std::unique_ptr<rocksdb::Env> MakeCatalogEnv(rocksdb::Env* base, std::function<bool()> has_room);

/// Passes RocksDB's warnings and errors on to our log. RocksDB's own log file would end the process
/// (an assertion in its writer) when it is written to on a full disk.
std::shared_ptr<rocksdb::Logger> MakeCatalogLogger();

}  // namespace blobgate::engine
