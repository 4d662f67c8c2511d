// What append and page blobs leave behind: blocks and pages that no state of the blob needs any
// more, and layers of pages that belong to nobody and go into the layer above (blob/page_layers.h).
//
// Whoever lets go of such content changes the lineage's row and puts a leftover row in the same
// batch. The work itself may touch millions of rows; it is done here in small batches, each right
// by itself: rows go together with their references, a chunk moves from one layer to the next in
// one step, and the leftover row goes last. It may be cut off anywhere and may run twice at a time.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "operations/call.h"

namespace blobgate::operations {

/// One leftover row: blob::LeftoverKey(name, lineage) in the name space of a container.
struct Leftover {
  std::string space;
  std::string name;
  std::uint64_t lineage = 0;
};

/// Its value says of which kind the rows are.
inline constexpr std::string_view kAppendLeftover = "d";
inline constexpr std::string_view kPageLeftover = "q";

/// Does all there is to do for one lineage. OK: the leftover row is gone, or was not there.
/// kCancelled: asked to stop. Anything else: of the engine; what was done stays done.
Task<Status> CollectLeftover(Services& services, Leftover leftover);

/// Starts it in the background; it tries again, with growing pauses, after failures that may pass.
void SpawnLeftover(Services& services, Leftover leftover);

/// The leftovers that `batch` puts in the container's name space `space`.
std::vector<Leftover> LeftoversIn(const engine::Batch& batch, const std::string& space);

/// At start-up: spawns the collection of every leftover in the containers of `accounts`.
Task<Status> ResumeLeftovers(Services& services, std::vector<std::string> accounts);

}  // namespace blobgate::operations
