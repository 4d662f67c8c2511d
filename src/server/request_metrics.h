// What was asked of the daemon, as metrics.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "gateway/accounts.h"
#include "gateway/request_counters.h"

namespace blobgate::server {

/// Any thread. Operations, errors, callers and versions that nobody used so far are left out.
class RequestMetrics final : public prometheus::Collectable {
 public:
  /// Both outlive it.
  RequestMetrics(const gateway::RequestCounters& counters, const gateway::Accounts& accounts);
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const gateway::RequestCounters& counters_;
  const gateway::Accounts& accounts_;
  std::vector<std::string> operations_;  ///< labels, by index of RequestCounters
};

}  // namespace blobgate::server
