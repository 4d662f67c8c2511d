#include "server/daemon_metrics.h"

#include "server/metric_family.h"

namespace blobgate::server {

using prometheus::MetricType;

std::vector<prometheus::MetricFamily> DaemonMetrics::Collect() const {
  std::vector<prometheus::MetricFamily> families;
  const auto add = [&families](const char* name, const char* help, MetricType type, double value,
                               Labels labels = {}) {
    families.push_back(NewFamily(name, help, type));
    AddValue(families.back(), std::move(labels), value);
  };
  add("blobgate_build_info", "1; the version that runs.", MetricType::Gauge, 1,
      {{"version", BLOBGATE_VERSION}});
  add("blobgate_start_timestamp_seconds", "When the daemon was started.", MetricType::Gauge,
      std::chrono::duration<double>(started_.time_since_epoch()).count());
  add("blobgate_connections", "Connections that are open.", MetricType::Gauge,
      static_cast<double>(server_.connections()));
  add("blobgate_connections_accepted_total", "Connections accepted, the refused ones not counted.",
      MetricType::Counter, static_cast<double>(server_.accepted()));
  add("blobgate_connections_refused_total", "Connections refused past limits.max_connections.",
      MetricType::Counter, static_cast<double>(server_.refused()));
  add("blobgate_access_log_dropped_total",
      "Batches of lines, 32 KiB each, that the access log could not keep up with.",
      MetricType::Counter, static_cast<double>(access_log_.dropped()));
  add("blobgate_encryption_keys_unavailable",
      "Accounts whose encryption key the daemon could not unwrap: what needs it answers 500.",
      MetricType::Gauge, static_cast<double>(encryption_.unavailable()));
  if (tls_) {
    add("blobgate_certificate_expiry_timestamp_seconds",
        "When the first certificate of the chain in use expires.", MetricType::Gauge,
        static_cast<double>(tls_->expiry().time_since_epoch().count()));
  }
  return families;
}

}  // namespace blobgate::server
