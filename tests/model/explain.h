// Is there an order of what happened that the model agrees with?
#pragma once

#include <cstdint>
#include <vector>

#include "model/event.h"
#include "model/reference_model.h"

namespace blobgate::engine::model {

enum class Verdict : std::uint8_t {
  kExplained,
  kImpossible,  ///< no order explains it: the engine broke its promise
  kTooMany,     ///< gave up after kMostSteps
};

inline constexpr std::uint64_t kMostSteps = 2'000'000;

/// Looks for an order of the events of `stages` in which each answers what the model answers.
/// Stages keep their order, and so do the events of one history; histories of a stage interleave
/// freely. A doubtful commit may be left out, or happen only before the last stage, unless another
/// commit succeeded after it. On kExplained `model` is in the state behind the last event, else it
/// is unchanged.
Verdict Explain(const std::vector<Stage>& stages, ReferenceModel& model);

}  // namespace blobgate::engine::model
