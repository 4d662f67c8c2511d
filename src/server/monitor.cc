#include "server/monitor.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

namespace blobgate::server {
namespace {

using nlohmann::json;

http::Response Document(unsigned status, std::string type, std::string text) {
  http::Response response;
  response.status = status;
  response.text = std::move(text);
  response.Set("Content-Type", std::move(type));
  response.Set("Cache-Control", "no-store");
  return response;
}

http::Response Plain(unsigned status, std::string text) {
  return Document(status, "text/plain; charset=utf-8", std::move(text));
}

http::Response Health(const std::vector<NotReady>& reasons) {
  json health{{"status", reasons.empty() ? "ok" : "unavailable"}};
  for (const NotReady& reason : reasons) {
    health["reasons"].push_back({{"code", reason.code}, {"message", reason.message}});
  }
  std::string text = health.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  return Document(reasons.empty() ? 200 : 503, "application/json", std::move(text));
}

}  // namespace

std::string Monitor::Metrics() const {
  std::vector<prometheus::MetricFamily> all;
  for (const auto& source : metrics_) {
    auto some = source->Collect();
    std::ranges::move(some, std::back_inserter(all));
  }
  return prometheus::TextSerializer().Serialize(all);
}

http::Response Monitor::Answer(std::string_view path) const {
  if (path == "/metrics") {
    return Document(200, "text/plain; version=0.0.4; charset=utf-8", Metrics());
  }
  if (path == "/healthz") return Health({});
  if (path == "/readyz") return Health(reasons_());
  return Plain(404, "not found\n");
}

Task<http::Response> Monitor::Handle(const http::RequestHead& head, http::BodyReader&) {
  if (head.method != "GET" && head.method != "HEAD") {
    http::Response refused = Plain(405, "only GET and HEAD\n");
    refused.Set("Allow", "GET, HEAD");
    co_return refused;
  }
  co_return Answer(head.path);
}

http::Response Monitor::Reject(unsigned status, std::string_view why) {
  http::Response response = Plain(status, std::string(why) + "\n");
  response.close = true;
  return response;
}

}  // namespace blobgate::server
