// References of the rows of page chunks, and the one thing that writes bytes for their sake.
#pragma once

#include <optional>
#include <vector>

#include "blob/page_chunk.h"
#include "operations/call.h"

namespace blobgate::operations {

/// Rows that held one reference to each of `before` now hold one to each of `after`: adds the
/// difference to `batch`. An extent may be in either several times.
void ChangeReferences(std::vector<engine::ExtentRef> before,
                      const std::vector<engine::ExtentRef>& after, engine::Batch& batch);

/// Moves the bytes that blob::PlanGather names into a new extent, which nothing references yet.
/// nullopt: there is nothing to gather. On failure `chunk` is as it was.
Task<Result<std::optional<engine::ExtentRef>>> GatherChunk(Services& services,
                                                           blob::PageChunk& chunk);

}  // namespace blobgate::operations
