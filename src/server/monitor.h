// What watches the daemon: metrics and health, on a listener of their own.
//
//   GET /metrics   Prometheus' text format 0.0.4
//   GET /healthz   200 while the process answers at all
//   GET /readyz    200 when requests are served; otherwise 503, a reason a line
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "blobgate/engine/engine.h"
#include "net/request_handler.h"

namespace blobgate::server {

/// The figures of EngineStats as metrics named blobgate_*. Any thread.
class EngineMetrics final : public prometheus::Collectable {
 public:
  /// `engine` outlives it.
  explicit EngineMetrics(const engine::Engine& engine) : engine_(engine) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const engine::Engine& engine_;
};

/// Answers the paths above; everything else with 404, other methods than GET and HEAD with 405.
/// Nobody is asked who they are: the listener belongs on an address that only operators reach.
class Monitor final : public net::RequestHandler {
 public:
  /// Why requests cannot be served fully, in words; empty when they can.
  using Reasons = std::function<std::vector<std::string>()>;

  Monitor(std::vector<std::shared_ptr<prometheus::Collectable>> metrics, Reasons reasons)
      : metrics_(std::move(metrics)), reasons_(std::move(reasons)) {}

  Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader& body) override;
  http::Response Reject(unsigned status, std::string_view why) override;

 private:
  http::Response Answer(std::string_view path) const;
  std::string Metrics() const;

  std::vector<std::shared_ptr<prometheus::Collectable>> metrics_;
  Reasons reasons_;
};

}  // namespace blobgate::server
