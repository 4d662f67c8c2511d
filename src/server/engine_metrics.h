// The figures of EngineStats as metrics.
#pragma once

#include <prometheus/collectable.h>

#include <vector>

#include "blobgate/engine/engine.h"

namespace blobgate::server {

/// Any thread.
class EngineMetrics final : public prometheus::Collectable {
 public:
  /// `engine` outlives it.
  explicit EngineMetrics(const engine::Engine& engine) : engine_(engine) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const engine::Engine& engine_;
};

}  // namespace blobgate::server
