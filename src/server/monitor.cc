#include "server/monitor.h"

#include <prometheus/text_serializer.h>

#include <array>
#include <iterator>
#include <utility>

namespace blobgate::server {
namespace {

using engine::EngineStats;
using prometheus::MetricType;

struct Figure {
  const char* name;
  const char* help;
  MetricType type;
  double (*value)(const EngineStats&);
};

template <auto Member>
double ValueOf(const EngineStats& stats) {
  return static_cast<double>(stats.*Member);
}

// Names and units as https://prometheus.io/docs/practices/naming.
constexpr auto kFigures = std::to_array<Figure>({
    {"blobgate_segments", "Segment files.", MetricType::Gauge, ValueOf<&EngineStats::segments>},
    {"blobgate_segment_bytes", "Size of all segment files.", MetricType::Gauge,
     ValueOf<&EngineStats::segment_bytes>},
    {"blobgate_live_bytes", "Stored bytes that something refers to.", MetricType::Gauge,
     ValueOf<&EngineStats::live_bytes>},
    {"blobgate_garbage_bytes", "Stored bytes that nothing refers to, not given back yet.",
     MetricType::Gauge, ValueOf<&EngineStats::garbage_bytes>},
    {"blobgate_disk_free_bytes", "Free on the file system of the data directory.",
     MetricType::Gauge, ValueOf<&EngineStats::disk_free_bytes>},
    {"blobgate_reclaimed_bytes_total", "Bytes of deleted content given back to the file system.",
     MetricType::Counter, ValueOf<&EngineStats::reclaimed_bytes>},
    {"blobgate_holes_punched_total", "Holes punched into segments for that.", MetricType::Counter,
     ValueOf<&EngineStats::holes_punched>},
    {"blobgate_rewritten_segments_total", "Segments emptied because little of them was live.",
     MetricType::Counter, ValueOf<&EngineStats::rewritten_segments>},
    {"blobgate_rewritten_bytes_total", "Live bytes copied to empty segments.", MetricType::Counter,
     ValueOf<&EngineStats::rewritten_bytes>},
    {"blobgate_commits_total", "Batches committed.", MetricType::Counter,
     ValueOf<&EngineStats::commits>},
    {"blobgate_commit_groups_total", "Syncs that these batches shared.", MetricType::Counter,
     ValueOf<&EngineStats::commit_groups>},
    {"blobgate_corruption_errors_total", "Reads refused because stored bytes were damaged.",
     MetricType::Counter, ValueOf<&EngineStats::corruption_errors>},
    {"blobgate_scrubbed_bytes_total", "Bytes read by the background scrub.", MetricType::Counter,
     ValueOf<&EngineStats::scrubbed_bytes>},
    {"blobgate_scrub_damaged_extents",
     "Damaged extents found by the scrub pass that runs, or by "
     "the last one.",
     MetricType::Gauge, ValueOf<&EngineStats::damaged_extents>},
    {"blobgate_scrub_last_end_timestamp_seconds",
     "When the last complete scrub pass ended; 0: "
     "none.",
     MetricType::Gauge, ValueOf<&EngineStats::last_scrub>},
    {"blobgate_recovery_seconds", "What the last start took to recover the store.",
     MetricType::Gauge, ValueOf<&EngineStats::recovery_seconds>},
    {"blobgate_read_only", "1 when the store takes no writes, after a failed sync.",
     MetricType::Gauge, ValueOf<&EngineStats::read_only>},
});

http::Response Plain(unsigned status, std::string text) {
  http::Response response;
  response.status = status;
  response.text = std::move(text);
  response.Set("Content-Type", "text/plain; charset=utf-8");
  response.Set("Cache-Control", "no-store");
  return response;
}

}  // namespace

std::vector<prometheus::MetricFamily> EngineMetrics::Collect() const {
  const EngineStats stats = engine_.Stats();
  std::vector<prometheus::MetricFamily> families;
  for (const Figure& figure : kFigures) {
    prometheus::ClientMetric metric;
    const double value = figure.value(stats);
    if (figure.type == MetricType::Counter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
    families.push_back({figure.name, figure.help, figure.type, {std::move(metric)}});
  }
  return families;
}

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
    http::Response response = Plain(200, Metrics());
    response.headers.front().second = "text/plain; version=0.0.4; charset=utf-8";
    return response;
  }
  if (path == "/healthz") return Plain(200, "ok\n");
  if (path != "/readyz") return Plain(404, "not found\n");
  std::string text;
  for (const std::string& reason : reasons_()) text += reason + "\n";
  return text.empty() ? Plain(200, "ok\n") : Plain(503, std::move(text));
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
