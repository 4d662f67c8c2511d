#include "server/metric_family.h"

#include <limits>
#include <utility>

namespace blobgate::server {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily NewFamily(std::string name, std::string help, MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

void AddValue(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  family.metric.push_back(std::move(metric));
}

void AddSpread(MetricFamily& family, Labels labels, const Spread& spread, double unit) {
  ClientMetric metric;
  metric.label = std::move(labels);
  auto& histogram = metric.histogram;
  histogram.sample_sum = static_cast<double>(spread.sum) / unit;
  for (std::size_t i = 0; i < spread.counts.size(); ++i) {
    histogram.sample_count += spread.counts[i];
    const double bound = i < spread.bounds.size() ? static_cast<double>(spread.bounds[i]) / unit
                                                  : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  family.metric.push_back(std::move(metric));
}

}  // namespace blobgate::server
