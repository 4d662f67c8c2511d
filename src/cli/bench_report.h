// How a run of the load generator is told.
#pragma once

#include <string>

#include "bench/run.h"

namespace blobgate::cli {

/// One JSON object; docs/performance.md, "The load generator", lists its members.
std::string ReportAsJson(const bench::Plan& plan, const bench::Report& report);

/// A table for people.
std::string ReportAsText(const bench::Plan& plan, const bench::Report& report);

}  // namespace blobgate::cli
