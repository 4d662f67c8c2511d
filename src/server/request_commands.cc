#include "server/request_commands.h"

#include <string>
#include <utility>

#include "azure/operation.h"

namespace blobgate::server {
namespace {

using gateway::OperationTotals;
using gateway::RequestCounters;
using nlohmann::json;

/// Of the statuses from `first` up to `last`, the one behind the counted ones left out.
std::uint64_t Sum(const OperationTotals& totals, unsigned first, unsigned last) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < gateway::kCountedStatuses.size(); ++i) {
    const unsigned status = gateway::kCountedStatuses[i];
    if (status >= first && status <= last) sum += totals.statuses[i];
  }
  return sum;
}

std::string NameOfOperation(std::size_t index) {
  if (index + 1 == RequestCounters::kOperations) return "-";
  return std::string(azure::SpecOf(static_cast<azure::Operation>(index)).name);
}

json OperationEntry(std::size_t index, const OperationTotals& totals) {
  return {{"name", NameOfOperation(index)},
          {"requests", totals.requests()},
          {"errors", Sum(totals, 400, 499)},
          {"failed", Sum(totals, 500, 599)},
          {"cut", totals.cut},
          {"received_bytes", totals.received_bytes},
          {"sent_bytes", totals.sent_bytes},
          {"server_ns", totals.server.sum},
          {"buckets", totals.server.counts}};
}

json AccountJson(const std::string& name, const gateway::AccountTotals& totals) {
  std::uint64_t all = 0, errors = 0, failed = 0;
  for (const auto& by_class : totals.requests) {
    for (const std::uint64_t count : by_class) all += count;
    errors += by_class[2];
    failed += by_class[3];
  }
  return {{"name", name},
          {"requests", all},
          {"errors", errors},
          {"failed", failed},
          {"received_bytes", totals.received_bytes},
          {"sent_bytes", totals.sent_bytes}};
}

}  // namespace

json AsJson(const RequestCounters& counters, const gateway::Accounts& accounts) {
  json out{{"in_flight", counters.in_flight()},
           {"bounds_ns", kDurationBounds},
           {"operations", json::array()},
           {"accounts", json::array()}};
  for (std::size_t i = 0; i < RequestCounters::kOperations; ++i) {
    const OperationTotals totals = counters.OperationAt(i);
    if (totals.requests() > 0) out["operations"].push_back(OperationEntry(i, totals));
  }
  const auto table = accounts.Current();
  for (const std::string& name : table->Names()) {
    out["accounts"].push_back(AccountJson(name, table->Find(name)->counters->Totals()));
  }
  return out;
}

void AddRequestCommands(AdminServer& admin, const RequestCounters& counters,
                        const gateway::Accounts& accounts) {
  static_assert(gateway::kStatusClasses[2] == "4xx" && gateway::kStatusClasses[3] == "5xx");
  admin.Handle("requests", [&](const json&, std::stop_token) -> Result<json> {
    return AsJson(counters, accounts);
  });
}

}  // namespace blobgate::server
