// The engine under test, with the hardware below it.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "blobgate/engine/engine.h"
#include "engine/local/local_engine.h"
#include "model/random.h"
#include "model/volume.h"
#include "model/volume_disk.h"

namespace blobgate::engine::model {

enum class EngineKind : std::uint8_t { kMemory, kLocal };

/// One engine. A memory engine has no volume, and starts empty again when it is opened again. A
/// local one has its segments and its catalog on a Volume; only its lock, its format file and empty
/// files that stand for the segments (recovery lists the directory and asks for sizes without the
/// seam) are real, below `directory`.
class Machine {
 public:
  Machine(EngineKind kind, std::string directory, std::uint64_t seed);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// With options of this run's own: sizes, numbers of threads and O_DIRECT vary.
  /// REQUIRES: closed.
  Status Open(Random& random);
  void Close() { engine_.reset(); }
  bool is_open() const { return engine_ != nullptr; }

  Engine& engine() const { return *engine_; }
  Catalog& catalog() const { return engine_->catalog(); }
  ExtentStore& extents() const { return engine_->extents(); }

  bool is_local() const { return kind_ == EngineKind::kLocal; }
  /// REQUIRES: is_local().
  Volume& volume() { return volume_; }
  const Volume& volume() const { return volume_; }
  /// Bytes that `content` bytes count for in EngineStats::live_bytes.
  std::uint64_t StoredLength(std::uint64_t content) const;
  std::string segments() const { return directory_.string() + "/data/segments"; }

 private:
  LocalOptions RandomOptions(Random& random);
  void ShowSegments();

  const EngineKind kind_;
  const std::filesystem::path directory_;
  Volume volume_;
  VolumeDisk disk_{volume_};
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace blobgate::engine::model
