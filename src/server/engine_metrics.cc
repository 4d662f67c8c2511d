#include "server/engine_metrics.h"

#include <array>
#include <utility>

#include "server/metric_family.h"

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
    {"blobgate_disk_size_bytes", "Size of that file system.", MetricType::Gauge,
     ValueOf<&EngineStats::disk_size_bytes>},
    {"blobgate_sparse_segments", "Segments to be emptied because little of them is live.",
     MetricType::Gauge, ValueOf<&EngineStats::sparse_segments>},
    {"blobgate_sparse_live_bytes", "Live bytes to be copied for that.", MetricType::Gauge,
     ValueOf<&EngineStats::sparse_live_bytes>},
    {"blobgate_reclaimed_bytes_total", "Bytes of deleted content given back to the file system.",
     MetricType::Counter, ValueOf<&EngineStats::reclaimed_bytes>},
    {"blobgate_holes_punched_total", "Holes punched into segments for that.", MetricType::Counter,
     ValueOf<&EngineStats::holes_punched>},
    {"blobgate_rewritten_segments_total", "Segments emptied because little of them was live.",
     MetricType::Counter, ValueOf<&EngineStats::rewritten_segments>},
    {"blobgate_rewritten_bytes_total", "Live bytes copied to empty segments.", MetricType::Counter,
     ValueOf<&EngineStats::rewritten_bytes>},
    {"blobgate_corruption_errors_total", "Reads refused because stored bytes were damaged.",
     MetricType::Counter, ValueOf<&EngineStats::corruption_errors>},
    {"blobgate_scrubbed_bytes_total", "Bytes read by the background scrub.", MetricType::Counter,
     ValueOf<&EngineStats::scrubbed_bytes>},
    {"blobgate_scrub_running", "1 while a scrub pass is under way.", MetricType::Gauge,
     ValueOf<&EngineStats::scrub_running>},
    {"blobgate_scrub_pass_bytes", "Bytes read by the scrub pass that runs, or by the last one.",
     MetricType::Gauge, ValueOf<&EngineStats::scrub_pass_bytes>},
    {"blobgate_scrub_damaged_extents",
     "Damaged extents found by the scrub pass that runs, or by the last one.", MetricType::Gauge,
     ValueOf<&EngineStats::damaged_extents>},
    {"blobgate_scrub_last_end_timestamp_seconds",
     "When the last complete scrub pass ended; 0: none.", MetricType::Gauge,
     ValueOf<&EngineStats::last_scrub>},
    {"blobgate_recovery_seconds", "What the last start took to recover the store.",
     MetricType::Gauge, ValueOf<&EngineStats::recovery_seconds>},
    {"blobgate_read_only", "1 when the store takes no writes, after a failed sync.",
     MetricType::Gauge, ValueOf<&EngineStats::read_only>},
});

struct FigureSpread {
  const char* name;
  const char* help;
  Spread EngineStats::* value;
  double unit;
};

constexpr double kNanosecondsPerSecond = 1e9;
constexpr double kOne = 1;

constexpr auto kSpreads = std::to_array<FigureSpread>({
    {"blobgate_commit_group_batches",
     "Batches of requests that shared a sync of the catalog's log.", &EngineStats::commit_batches,
     kOne},
    {"blobgate_commit_sync_seconds", "Writes and syncs of the catalog's log.",
     &EngineStats::commit_time, kNanosecondsPerSecond},
    {"blobgate_segment_sync_writers", "Extents that shared a sync of a segment.",
     &EngineStats::segment_writers, kOne},
    {"blobgate_segment_sync_seconds", "Syncs of segments.", &EngineStats::segment_time,
     kNanosecondsPerSecond},
});

}  // namespace

std::vector<prometheus::MetricFamily> EngineMetrics::Collect() const {
  const EngineStats stats = engine_.Stats();
  std::vector<prometheus::MetricFamily> families;
  for (const Figure& figure : kFigures) {
    families.push_back(NewFamily(figure.name, figure.help, figure.type));
    AddValue(families.back(), {}, figure.value(stats));
  }
  for (const FigureSpread& figure : kSpreads) {
    families.push_back(NewFamily(figure.name, figure.help, MetricType::Histogram));
    AddSpread(families.back(), {}, stats.*figure.value, figure.unit);
  }
  return families;
}

}  // namespace blobgate::server
