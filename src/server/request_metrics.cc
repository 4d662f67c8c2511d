#include "server/request_metrics.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/version_groups.h"
#include "server/metric_family.h"

namespace blobgate::server {
namespace {

using gateway::AccountTotals;
using gateway::OperationTotals;
using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double kNanosecondsPerSecond = 1e9;
constexpr std::string_view kNone = "-";  ///< no operation, no account; as the access log has it

/// "Put Block List": "PutBlockList", as Azure's own metrics and logs have it.
std::string LabelOf(std::string_view name) {
  std::string label;
  bool begins = true;
  for (const char c : name) {
    if (c != ' ') label += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    begins = c == ' ';
  }
  return label;
}

std::vector<std::string> OperationLabels() {
  std::vector<std::string> labels;
  for (std::size_t i = 0; i + 1 < gateway::RequestCounters::kOperations; ++i) {
    labels.push_back(LabelOf(azure::SpecOf(static_cast<azure::Operation>(i)).name));
  }
  labels.emplace_back(kNone);
  return labels;
}

std::string StatusLabel(std::size_t index) {
  return index < gateway::kCountedStatuses.size() ? std::to_string(gateway::kCountedStatuses[index])
                                                  : "other";
}

MetricFamily Counters(const char* name, const char* help) {
  return NewFamily(name, help, MetricType::Counter);
}

/// The families with a label `operation`.
struct ByOperation {
  MetricFamily requests =
      Counters("blobgate_requests_total", "Requests answered, by HTTP status of the answer.");
  MetricFamily errors = Counters("blobgate_request_errors_total",
                                 "Requests answered with an error, by Azure's code.");
  MetricFamily cut = Counters("blobgate_requests_cut_total",
                              "Requests whose client did not get the whole answer.");
  MetricFamily received =
      Counters("blobgate_received_bytes_total", "Bytes of bodies received with requests.");
  MetricFamily sent = Counters("blobgate_sent_bytes_total", "Bytes of bodies sent with answers.");
  MetricFamily duration = NewFamily("blobgate_request_duration_seconds",
                                    "From a request's parsed head to the last byte of its answer.",
                                    MetricType::Histogram);
  MetricFamily server =
      NewFamily("blobgate_request_server_duration_seconds",
                "The same without the waits for the client to send its body or to take the answer.",
                MetricType::Histogram);

  void Add(const std::string& operation, const OperationTotals& totals);
  std::vector<MetricFamily> All() && {
    return {std::move(requests), std::move(errors),   std::move(cut),   std::move(received),
            std::move(sent),     std::move(duration), std::move(server)};
  }
};

void ByOperation::Add(const std::string& operation, const OperationTotals& totals) {
  for (std::size_t i = 0; i < totals.statuses.size(); ++i) {
    if (totals.statuses[i] == 0) continue;
    AddValue(requests, {{"operation", operation}, {"status", StatusLabel(i)}},
             static_cast<double>(totals.statuses[i]));
  }
  const Labels labels{{"operation", operation}};
  AddValue(cut, labels, static_cast<double>(totals.cut));
  AddValue(received, labels, static_cast<double>(totals.received_bytes));
  AddValue(sent, labels, static_cast<double>(totals.sent_bytes));
  AddSpread(duration, labels, totals.duration, kNanosecondsPerSecond);
  AddSpread(server, labels, totals.server, kNanosecondsPerSecond);
}

/// The families with a label `account`.
struct ByAccount {
  MetricFamily requests = Counters("blobgate_account_requests_total",
                                   "Requests answered, by account, caller and class of status.");
  MetricFamily received = Counters("blobgate_account_received_bytes_total",
                                   "Bytes of bodies received with requests, by account.");
  MetricFamily sent = Counters("blobgate_account_sent_bytes_total",
                               "Bytes of bodies sent with answers, by account.");
  MetricFamily quota =
      NewFamily("blobgate_account_capacity_quota_bytes",
                "Content that an account may store, where there is a limit.", MetricType::Gauge);
  MetricFamily used =
      NewFamily("blobgate_account_capacity_used_bytes",
                "What of that is used, by the last count and what came since.", MetricType::Gauge);

  void Add(const std::string& account, const AccountTotals& totals);
  void AddCapacity(const operations::Account& account);
  std::vector<MetricFamily> All() && {
    return {std::move(requests), std::move(received), std::move(sent), std::move(quota),
            std::move(used)};
  }
};

void ByAccount::Add(const std::string& account, const AccountTotals& totals) {
  for (std::size_t caller = 0; caller < gateway::kCallerCount; ++caller) {
    const std::string auth(gateway::NameOf(static_cast<gateway::Caller>(caller)));
    for (std::size_t i = 0; i < gateway::kStatusClasses.size(); ++i) {
      const std::uint64_t count = totals.requests[caller][i];
      if (count == 0) continue;
      AddValue(requests,
               {{"account", account},
                {"auth", auth},
                {"class", std::string(gateway::kStatusClasses[i])}},
               static_cast<double>(count));
    }
  }
  AddValue(received, {{"account", account}}, static_cast<double>(totals.received_bytes));
  AddValue(sent, {{"account", account}}, static_cast<double>(totals.sent_bytes));
}

void ByAccount::AddCapacity(const operations::Account& account) {
  if (account.capacity_bytes == 0) return;
  const Labels labels{{"account", account.name}};
  AddValue(quota, labels, static_cast<double>(account.capacity_bytes));
  const auto bytes = account.capacity->Used();
  if (bytes) AddValue(used, labels, static_cast<double>(*bytes));
}

MetricFamily Versions(const gateway::RequestCounters& counters) {
  MetricFamily family = Counters("blobgate_request_versions_total",
                                 "Requests by the x-ms-version that they were sent with.");
  const auto names = gateway::VersionGroupNames();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::uint64_t count = counters.Versions(i);
    if (count == 0) continue;
    AddValue(family, {{"version", std::string(names[i])}}, static_cast<double>(count));
  }
  return family;
}

void Append(std::vector<MetricFamily>& all, std::vector<MetricFamily> more) {
  std::ranges::move(more, std::back_inserter(all));
}

}  // namespace

RequestMetrics::RequestMetrics(const gateway::RequestCounters& counters,
                               const gateway::Accounts& accounts)
    : counters_(counters), accounts_(accounts), operations_(OperationLabels()) {}

std::vector<MetricFamily> RequestMetrics::Collect() const {
  ByOperation by_operation;
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const OperationTotals totals = counters_.OperationAt(i);
    if (totals.requests() == 0) continue;
    by_operation.Add(operations_[i], totals);
    for (std::size_t code = 0; code < azure::kErrorCodeCount; ++code) {
      const auto error = static_cast<azure::ErrorCode>(code);
      const std::uint64_t count = counters_.Errors(i, error);
      if (count == 0) continue;
      AddValue(by_operation.errors,
               {{"operation", operations_[i]}, {"code", std::string(azure::InfoOf(error).code)}},
               static_cast<double>(count));
    }
  }
  ByAccount by_account;
  const auto table = accounts_.Current();
  for (const std::string& name : table->Names()) {
    const gateway::AccountEntry& entry = *table->Find(name);
    by_account.Add(name, entry.counters->Totals());
    by_account.AddCapacity(entry.settings);
  }
  by_account.Add(std::string(kNone), counters_.no_account().Totals());

  std::vector<MetricFamily> all = std::move(by_operation).All();
  Append(all, std::move(by_account).All());
  all.push_back(NewFamily("blobgate_requests_in_flight",
                          "Requests whose answer is not sent yet, parts of batches among them.",
                          MetricType::Gauge));
  AddValue(all.back(), {}, static_cast<double>(counters_.live().count()));
  all.push_back(Versions(counters_));
  return all;
}

}  // namespace blobgate::server
