// Whether a store's catalog and segments agree, and what can safely be set right.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "blobgate/engine/extent_store.h"

namespace blobgate::engine {

class OfflineStore;

/// Something that is not as it should be.
struct Finding {
  enum class Severity : std::uint8_t {
    kNote,        ///< harmless: what a crash may leave, and the next start clears away
    kRepairable,  ///< no content is lost, and Repair sets it right
    kDamage,      ///< content or rows are lost, or may be
  };
  Severity severity = Severity::kDamage;
  std::string what;                 ///< for people, one sentence without a full stop
  std::optional<ExtentRef> extent;  ///< whose content is affected
  std::uint64_t offset = 0;         ///< of the affected bytes in the extent's content
  std::uint64_t length = 0;         ///< bytes
  bool repaired = false;
};

/// What was looked at. Bytes unless said otherwise.
struct CheckTotals {
  std::uint64_t segments = 0;    ///< count
  std::uint64_t extents = 0;     ///< count
  std::uint64_t references = 0;  ///< count
  std::uint64_t live_bytes = 0;
  std::uint64_t bytes_read = 0;  ///< of segments
};

/// What the rows of the store refer to; found by the layer that knows what rows mean.
struct FoundReferences {
  std::vector<ExtentRef> references;  ///< one entry for each
  bool complete = true;               ///< false: rows could not be read, so there may be more
};

/// `data`: every byte of every extent is compared with its checksum, else only what describes it.
struct CheckOptions {
  bool data = false;
  std::uint64_t bytes_per_second = 0;  ///< of reading segments; 0: no bound
};

/// One check of one store. Blocks for as long as reading takes; one thread.
class IntegrityCheck {
 public:
  /// `store` outlives it.
  IntegrityCheck(OfflineStore& store, CheckOptions options);
  ~IntegrityCheck();
  IntegrityCheck(const IntegrityCheck&) = delete;
  IntegrityCheck& operator=(const IntegrityCheck&) = delete;

  /// Looks at everything once. Never changes anything. Errors: kIoError when the directory itself
  /// cannot be read; everything else is a finding.
  Status Run(FoundReferences found);

  /// Sets right what Run found repairable: counts of references, extents nobody refers to (become
  /// garbage), references whose extent lost its row (it is given one, if its bytes are intact),
  /// live bytes, garbage rows of live extents, files without a row. Takes no row of a blob away and
  /// writes no content. All changes to the catalog are one durable batch. kCorruption, and nothing
  /// is changed: the catalog lacks what was acknowledged.
  Status Repair();

  const std::vector<Finding>& findings() const;
  const CheckTotals& totals() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace blobgate::engine
