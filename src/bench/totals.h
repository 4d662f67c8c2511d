// What was counted during a run.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "bench/histogram.h"
#include "bench/plan.h"

namespace blobgate::bench {

struct OperationTotals {
  Histogram latency;  ///< of the requests that were answered as they should be
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
};

/// Counts of one worker, or of all. Bodies only; heads are not counted.
struct Totals {
  std::array<OperationTotals, kOperations> operations;
  std::map<std::string, std::uint64_t> failures;  ///< by what went wrong; any time of the run
  std::string first_failure;                      ///< more about the first one
  std::uint64_t reconnects = 0;  ///< the server ended a connection between two requests
  std::uint64_t unsent = 0;      ///< open loop: due, and never sent

  void Merge(const Totals& other) {
    for (std::size_t i = 0; i < kOperations; ++i) {
      operations[i].latency.Merge(other.operations[i].latency);
      operations[i].bytes_sent += other.operations[i].bytes_sent;
      operations[i].bytes_received += other.operations[i].bytes_received;
    }
    for (const auto& [what, count] : other.failures) failures[what] += count;
    if (first_failure.empty()) first_failure = other.first_failure;
    reconnects += other.reconnects;
    unsent += other.unsent;
  }
};

}  // namespace blobgate::bench
