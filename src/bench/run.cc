#include "bench/run.h"

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "bench/content.h"
#include "bench/crowd.h"
#include "bench/process_cpu.h"
#include "bench/worker.h"

namespace blobgate::bench {
namespace {

using Workers = std::vector<std::unique_ptr<Worker>>;

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

double SecondsOf(SteadyClock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::vector<std::jthread> StartAll(Workers& workers, Source& source, const Window& window) {
  std::vector<std::jthread> threads;
  for (auto& worker : workers) {
    threads.emplace_back([raw = worker.get(), &source, window] { raw->Run(source, window); });
  }
  return threads;
}

Totals CollectAll(Workers& workers) {
  Totals all;
  for (auto& worker : workers) {
    all.Merge(worker->totals());
    worker->ClearTotals();
  }
  return all;
}

std::string FailureOf(const Totals& totals) {
  std::string text;
  for (const auto& [what, count] : totals.failures) {
    text += (text.empty() ? "" : ", ") + what + " (" + std::to_string(count) + ")";
  }
  return text + (totals.first_failure.empty() ? "" : ": " + totals.first_failure);
}

Status Prepare(const Plan& plan, Workers& workers, Report& report) {
  const Instant began = SteadyClock::now();
  if (plan.target.azure && !workers.front()->CreateContainer()) {
    return Fail(Errc::kUnavailable,
                "the container is not made: " + FailureOf(workers.front()->totals()));
  }
  FillSource source(plan);
  StartAll(workers, source, {.begin = began, .end = began, .until_empty = true});  // and joins
  report.prepared = CollectAll(workers);
  report.prepare_seconds = SecondsOf(SteadyClock::now() - began);
  if (!report.prepared.failures.empty()) {
    return Fail(Errc::kUnavailable, "preparing: " + FailureOf(report.prepared));
  }
  return {};
}

void Measure(const Plan& plan, Workers& workers, Report& report) {
  MixSource source(plan);
  Window window;
  window.begin = SteadyClock::now() + Seconds(plan.warmup_seconds);
  window.end = window.begin + Seconds(plan.seconds);
  window.rate = plan.rate;
  const auto threads = StartAll(workers, source, window);
  std::this_thread::sleep_until(window.begin);
  const double client = OwnCpuSeconds();
  const double server = plan.watched_pid > 0 ? CpuSecondsOfTree(plan.watched_pid) : 0;
  const Instant begin = SteadyClock::now();
  std::this_thread::sleep_until(window.end);
  report.client_cpu = OwnCpuSeconds() - client;
  if (plan.watched_pid > 0) report.server_cpu = CpuSecondsOfTree(plan.watched_pid) - server;
  report.seconds = SecondsOf(SteadyClock::now() - begin);
}

}  // namespace

Result<Report> RunPlan(const Plan& plan) {
  RaiseFileLimit();
  BG_TRY(const auto endpoint, Endpoint::Open(plan.target));
  const Content content;
  const auto run_id = static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch().count() / 1'000'000);
  Workers workers;
  for (unsigned i = 0; i < plan.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(plan, content, *endpoint, i, run_id & 0xffffffff));
  }
  Report report;
  if (plan.prepare) BG_CHECK(Prepare(plan, workers, report));
  std::unique_ptr<Crowd> crowd;
  if (plan.crowd() > 0) {
    BG_TRY(crowd, Crowd::Start(plan, *endpoint));
  }
  if (plan.seconds > 0) {
    Measure(plan, workers, report);  // the threads have ended when it returns
    report.totals = CollectAll(workers);
  }
  if (crowd) {
    report.crowd_left = crowd->left();
    report.crowd_returned = crowd->returned();
  }
  return report;
}

}  // namespace blobgate::bench
