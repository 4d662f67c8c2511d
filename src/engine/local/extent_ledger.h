// All extents of a store beside all references to them: the double entry that a check compares.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "blobgate/engine/extent_store.h"
#include "engine/local/catalog_db.h"
#include "engine/local/catalog_rows.h"

namespace blobgate::engine {

/// An extent as the catalog has it.
struct LedgerEntry {
  ExtentRef ref;
  Place at;                      ///< where its bytes lie
  std::uint64_t references = 0;  ///< as the catalog has them
  std::uint64_t counted = 0;     ///< as the rows have them
};

/// Memory: 72 bytes an extent and 32 bytes a reference. No I/O but for Load.
class ExtentLedger {
 public:
  /// Reads the extent rows; what was read is kept on an error. kCorruption: a row cannot be
  /// decoded, or those behind the last one cannot be read.
  Status Load(CatalogDb& db);

  /// Counts what the rows of the store refer to, one entry for each reference. Once, after Load.
  void Count(std::vector<ExtentRef> references);

  /// In order of the place where they were born.
  const std::vector<LedgerEntry>& entries() const { return entries_; }

  /// References to what the catalog does not have, with how many there are.
  struct Missing {
    ExtentRef ref;
    std::uint64_t counted = 0;
    bool other_there = false;  ///< the place holds an extent of another length or checksum
  };
  const std::vector<Missing>& missing() const { return missing_; }

 private:
  std::vector<LedgerEntry> entries_;
  std::vector<Missing> missing_;
};

}  // namespace blobgate::engine
