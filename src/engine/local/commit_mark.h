// How far the catalog was acknowledged, noted outside of it.
//
//   DATA_DIR/ACKNOWLEDGED   two equal slots, each within a sector, at 0 and 512
//   +--------------------+--------------------+---------------------------+
//   | magic "BgatACK1" 8 | sequence number  8 | CRC-64 of the two before 8 |
//   +--------------------+--------------------+---------------------------+
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "engine/local/disk.h"

namespace blobgate::engine {

/// RocksDB cannot tell a damaged record of its log from one that a power cut tore: it ends the
/// replay there, and what was acknowledged behind it would silently be gone. The mark holds the
/// sequence number of the last synced batch. It is written after the sync and not synced itself, so
/// it never promises what is not durable; after a crash of the process it is exact, after a power
/// cut at most as old as the kernel's last writeback.
class CommitMark {
 public:
  /// `directory` is the data directory.
  CommitMark(Disk& disk, const std::string& directory);
  ~CommitMark();
  CommitMark(const CommitMark&) = delete;
  CommitMark& operator=(const CommitMark&) = delete;

  /// The number in the directory's mark; 0 when there is none, or none that is intact.
  static std::uint64_t Read(Disk& disk, const std::string& directory);

  /// Notes that everything up to `sequence` is durable. Best effort: on a failure the mark stays
  /// older. Committer thread.
  void Store(std::uint64_t sequence);
  /// For an orderly close. Best effort.
  void Sync();

 private:
  Disk& disk_;
  const int fd_;  ///< -errno: no mark is kept
};

}  // namespace blobgate::engine
