// A check of a whole store: the engine's own checks, and what its findings mean for blobs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/local/integrity_check.h"
#include "engine/local/offline_store.h"

namespace blobgate::cli {

/// Bytes that someone stored, by the names that they know.
struct AffectedBytes {
  std::string account;
  std::string container;
  std::string blob;
  std::string block;         ///< not empty: an uncommitted block of the blob; offsets are in it
  std::uint64_t offset = 0;  ///< bytes
  std::uint64_t length = 0;  ///< bytes
  std::uint64_t size = 0;    ///< of the whole blob or block, bytes
  bool deleted = false;      ///< of a deleted container whose rows are still being removed
};

struct StoreFinding {
  engine::Finding finding;
  std::vector<AffectedBytes> affected;
};

/// A live extent, for tests and for those who look for one in a segment file.
struct ListedExtent {
  engine::ExtentRef ref;
  std::vector<AffectedBytes> used_by;
};

struct StoreCheckOptions {
  std::string data_dir;
  bool data = false;  ///< compare all stored bytes
  bool repair = false;
  bool list_extents = false;           ///< in memory; for small stores
  std::uint64_t bytes_per_second = 0;  ///< 0: no bound
};

struct StoreReport {
  std::vector<StoreFinding> findings;
  std::vector<ListedExtent> extents;
  engine::CheckTotals totals;
  std::uint64_t containers = 0;
  std::uint64_t blobs = 0;
  std::uint64_t uncommitted_blocks = 0;
  std::string not_repaired;  ///< why the repair was not made; empty: made, or not asked for

  bool HasDamage() const;  ///< that is not repaired
  bool HasRepairs() const;
};

/// Errors as OfflineStore::Open: the check could not run.
Result<StoreReport> CheckStore(const StoreCheckOptions& options);

}  // namespace blobgate::cli
