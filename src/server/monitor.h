// What watches the daemon: metrics and health, on a listener of their own.
//
//   GET /metrics   Prometheus' text format 0.0.4 (docs/observability.md)
//   GET /healthz   200 {"status": "ok"} while the process answers at all
//   GET /readyz    the same when requests are served; otherwise 503 and why not:
//                  {"status": "unavailable", "reasons": [{"code": "...", "message": "..."}, ...]}
#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "net/request_handler.h"

namespace blobgate::server {

/// Why requests cannot be served fully.
struct NotReady {
  std::string code;     ///< for programs: one of a few, documented in docs/observability.md
  std::string message;  ///< for people
};

/// Answers the paths above; everything else with 404, other methods than GET and HEAD with 405.
/// Nobody is asked who they are: the listener belongs on an address that only operators reach.
class Monitor final : public net::RequestHandler {
 public:
  /// Empty when requests are served. Any thread.
  using Reasons = std::function<std::vector<NotReady>()>;

  Monitor(std::vector<std::shared_ptr<prometheus::Collectable>> metrics, Reasons reasons)
      : metrics_(std::move(metrics)), reasons_(std::move(reasons)) {}

  Task<http::Response> Handle(const http::RequestHead& head, http::BodyReader& body) override;
  http::Response Reject(unsigned status, std::string_view why) override;

  /// What GET /metrics answers. Any thread.
  std::string Metrics() const;

 private:
  http::Response Answer(std::string_view path) const;

  std::vector<std::shared_ptr<prometheus::Collectable>> metrics_;
  Reasons reasons_;
};

}  // namespace blobgate::server
