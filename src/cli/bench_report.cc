#include "cli/bench_report.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace blobgate::cli {
namespace {

using bench::Histogram;
using bench::OperationTotals;
using nlohmann::json;

constexpr double kGib = 1024.0 * 1024 * 1024;

double Microseconds(std::uint64_t ns) {
  return static_cast<double>(ns) / 1000;
}

json LatencyOf(const Histogram& latency) {
  return {{"p50", Microseconds(latency.Quantile(0.5))},
          {"p90", Microseconds(latency.Quantile(0.9))},
          {"p99", Microseconds(latency.Quantile(0.99))},
          {"p99.9", Microseconds(latency.Quantile(0.999))},
          {"max", Microseconds(latency.max())},
          {"mean", latency.mean() / 1000}};
}

json OperationAsJson(const OperationTotals& totals, double seconds) {
  const double per_second = seconds > 0 ? 1 / seconds : 0;
  return {{"requests", totals.latency.count()},
          {"requests_per_second", static_cast<double>(totals.latency.count()) * per_second},
          {"bytes_sent", totals.bytes_sent},
          {"bytes_received", totals.bytes_received},
          {"latency_us", LatencyOf(totals.latency)}};
}

OperationTotals SumOf(const bench::Totals& totals) {
  OperationTotals all;
  for (const OperationTotals& one : totals.operations) {
    all.latency.Merge(one.latency);
    all.bytes_sent += one.bytes_sent;
    all.bytes_received += one.bytes_received;
  }
  return all;
}

json CpuAsJson(double seconds, const OperationTotals& all) {
  json out{{"seconds", seconds}};
  const double gib = static_cast<double>(all.bytes_sent + all.bytes_received) / kGib;
  const auto requests = static_cast<double>(all.latency.count());
  if (gib > 0) out["seconds_per_gib"] = seconds / gib;
  if (requests > 0) out["seconds_per_1000_requests"] = seconds / requests * 1000;
  return out;
}

std::string Line(const char* format, auto... values) {
  std::array<char, 256> text;
  std::snprintf(text.data(), text.size(), format, values...);
  return std::string(text.data()) + "\n";
}

std::string OperationLine(std::string_view name, const OperationTotals& totals, double seconds) {
  const Histogram& latency = totals.latency;
  const auto us = [&latency](double share) { return Microseconds(latency.Quantile(share)); };
  return Line("%-9.*s %10llu %11.0f %10.1f %9.0f %9.0f %9.0f %9.0f %9.0f",
              static_cast<int>(name.size()), name.data(),
              static_cast<unsigned long long>(latency.count()),
              static_cast<double>(latency.count()) / seconds,
              static_cast<double>(totals.bytes_sent + totals.bytes_received) / seconds / 1e6,
              us(0.5), us(0.9), us(0.99), us(0.999), Microseconds(latency.max()));
}

}  // namespace

std::string ReportAsJson(const bench::Plan& plan, const bench::Report& report) {
  const OperationTotals all = SumOf(report.totals);
  json out = OperationAsJson(all, report.seconds);
  out["seconds"] = report.seconds;
  out["loop"] = plan.rate > 0 ? "open" : "closed";
  out["rate"] = plan.rate;
  out["connections"] = plan.connections;
  out["threads"] = plan.threads;
  out["failures"] = report.totals.failures;
  out["first_failure"] = report.totals.first_failure;
  out["reconnects"] = report.totals.reconnects;
  out["unsent"] = report.totals.unsent;
  out["client_cpu"] = CpuAsJson(report.client_cpu, all);
  if (plan.watched_pid > 0) out["server_cpu"] = CpuAsJson(report.server_cpu, all);
  if (plan.prepare) {
    out["prepared"] = OperationAsJson(SumOf(report.prepared), report.prepare_seconds);
    out["prepared"]["seconds"] = report.prepare_seconds;
  }
  if (plan.crowd() > 0) {
    out["crowd_left"] = report.crowd_left;
    out["crowd_returned"] = report.crowd_returned;
  }
  for (std::size_t i = 0; i < bench::kOperations; ++i) {
    const OperationTotals& totals = report.totals.operations[i];
    if (totals.latency.count() == 0) continue;
    out["operations"][std::string(bench::kOperationNames[i])] =
        OperationAsJson(totals, report.seconds);
  }
  // What a server answers may be any bytes.
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string ReportAsText(const bench::Plan& plan, const bench::Report& report) {
  std::string out;
  if (plan.prepare) {
    out += Line("prepared %llu blobs in %.1f s", static_cast<unsigned long long>(plan.blobs),
                report.prepare_seconds);
  }
  if (report.seconds == 0) return out;
  out += Line("%-9s %10s %11s %10s %9s %9s %9s %9s %9s", "", "requests", "req/s", "MB/s", "p50 us",
              "p90", "p99", "p99.9", "max");
  for (std::size_t i = 0; i < bench::kOperations; ++i) {
    const OperationTotals& totals = report.totals.operations[i];
    if (totals.latency.count() == 0) continue;
    out += OperationLine(bench::kOperationNames[i], totals, report.seconds);
  }
  out += OperationLine("all", SumOf(report.totals), report.seconds);
  out += Line("CPU: client %.2f s", report.client_cpu);
  if (plan.watched_pid > 0) out += Line("CPU: server %.2f s", report.server_cpu);
  if (report.totals.unsent > 0) {
    out += Line("due but not sent: %llu", static_cast<unsigned long long>(report.totals.unsent));
  }
  for (const auto& [what, count] : report.totals.failures) {
    out += Line("FAILED %llu: %s", static_cast<unsigned long long>(count), what.c_str());
  }
  if (!report.totals.first_failure.empty()) out += report.totals.first_failure + "\n";
  return out;
}

}  // namespace blobgate::cli
