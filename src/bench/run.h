// A whole run of the load generator.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "bench/plan.h"
#include "bench/totals.h"

namespace blobgate::bench {

struct Report {
  Totals totals;
  double seconds = 0;     ///< that were counted
  double client_cpu = 0;  ///< seconds of CPU in that time, this process
  double server_cpu = 0;  ///< the watched one and its children; 0 when none is watched
  Totals prepared;        ///< what preparing did
  double prepare_seconds = 0;
  std::size_t crowd_left = 0;      ///< idle and slow connections that were still open at the end
  std::size_t crowd_returned = 0;  ///< slow senders that were ended and came again, count
};

/// Prepares what the plan says, runs for its time and tells what happened. Blocks. Requests that
/// fail are in the report. Errors: kUnavailable (no connection, or the container cannot be made),
/// kInvalidArgument.
Result<Report> RunPlan(const Plan& plan);

}  // namespace blobgate::bench
