// Prometheus' families of metrics, put together. Names and units as in
// https://prometheus.io/docs/practices/naming; docs/observability.md lists all that are exported,
// and tests/integration/test_metrics.py compares it with a daemon.
#pragma once

#include <prometheus/metric_family.h>

#include <string>
#include <vector>

#include "base/distribution.h"

namespace blobgate::server {

using Labels = std::vector<prometheus::ClientMetric::Label>;

prometheus::MetricFamily NewFamily(std::string name, std::string help, prometheus::MetricType type);

/// Adds a value to a family of counters or gauges.
void AddValue(prometheus::MetricFamily& family, Labels labels, double value);

/// Adds to a family of histograms. Values and bounds are divided by `unit`, as 1e9 makes seconds of
/// ns. A spread without bounds is that of nothing.
void AddSpread(prometheus::MetricFamily& family, Labels labels, const Spread& spread, double unit);

}  // namespace blobgate::server
