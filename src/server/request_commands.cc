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

constexpr std::size_t kMostLive = 10'000;

/// How many of the requests that run are asked for.
Result<std::size_t> OldestOf(const json& request) {
  const json oldest = request.value("oldest", json(0u));
  if (!oldest.is_number_unsigned() || oldest > kMostLive) {
    return Fail(Errc::kInvalidArgument, "oldest: a number up to 10000 is needed");
  }
  return oldest.get<std::size_t>();
}

json LiveJson(const gateway::LiveRequestView& request) {
  return {{"id", request.request_id},
          {"age_ns", request.age.count()},
          {"operation", request.operation ? azure::SpecOf(*request.operation).name : "-"},
          {"account", request.account},
          {"peer", request.peer},
          {"method", request.method},
          {"target", request.target},
          {"answering", request.answering}};
}

}  // namespace

json AsJson(const RequestCounters& counters, const gateway::Accounts& accounts,
            std::size_t oldest) {
  json out{{"in_flight", counters.live().count()},
           {"bounds_ns", kDurationBounds},
           {"operations", json::array()},
           {"accounts", json::array()},
           {"live", json::array()}};
  for (std::size_t i = 0; i < RequestCounters::kOperations; ++i) {
    const OperationTotals totals = counters.OperationAt(i);
    if (totals.requests() > 0) out["operations"].push_back(OperationEntry(i, totals));
  }
  for (const auto& request : counters.live().Oldest(oldest)) {
    out["live"].push_back(LiveJson(request));
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
  admin.Handle("requests", [&](const json& request, std::stop_token) -> Result<json> {
    BG_TRY(const std::size_t oldest, OldestOf(request));
    return AsJson(counters, accounts, oldest);
  });
}

}  // namespace blobgate::server
