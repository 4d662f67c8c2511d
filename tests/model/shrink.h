// Runs sequences, and makes those that fail shorter.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/operation.h"
#include "model/session.h"

namespace blobgate::engine::model {

/// A sequence with everything that decides it.
struct Sequence {
  EngineKind kind = EngineKind::kMemory;
  std::string directory;
  std::uint64_t seed = 0;
  std::optional<Volume::Area> lying;
  Operations operations;
};

struct Outcome {
  Tally tally;
  std::optional<std::string> failure;
  std::vector<std::string> trace;  ///< only when asked for
};

Outcome RunSequence(const Sequence& sequence, bool trace);

/// Drops operations for as long as the rest still fails, and at most for `limit`. The engine's own
/// threads make some failures come and go, so every shorter sequence gets a few tries.
Sequence Shrink(Sequence sequence, std::chrono::seconds limit);

}  // namespace blobgate::engine::model
