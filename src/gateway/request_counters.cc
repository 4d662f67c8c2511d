#include "gateway/request_counters.h"

#include <algorithm>

#include "gateway/version_groups.h"

namespace blobgate::gateway {
namespace {

constexpr std::size_t kNoOperation = RequestCounters::kOperations - 1;

// By status; where kCountedStatuses has it.
constexpr auto kStatusIndex = [] {
  std::array<std::uint8_t, 600> index{};
  index.fill(kCountedStatuses.size());
  for (std::size_t i = 0; i < kCountedStatuses.size(); ++i) {
    index[kCountedStatuses[i]] = static_cast<std::uint8_t>(i);
  }
  return index;
}();

std::size_t StatusIndexOf(unsigned status) {
  return status < kStatusIndex.size() ? kStatusIndex[status] : kCountedStatuses.size();
}

std::size_t StatusClassOf(unsigned status) {
  return std::clamp(status / 100, 2u, 5u) - 2;
}

std::uint64_t NanosecondsOf(std::chrono::nanoseconds duration) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(duration.count(), 0));
}

}  // namespace

Caller CallerOf(auth::Credential::Kind kind) {
  using enum auth::Credential::Kind;
  switch (kind) {
    case kAnonymous:
      return Caller::kAnonymous;
    case kSharedKey:
      return Caller::kSharedKey;
    case kAccountSas:
      return Caller::kAccountSas;
    case kServiceSas:
      return Caller::kServiceSas;
    case kUserDelegationSas:
      return Caller::kUserDelegationSas;
    case kBearer:
      return Caller::kBearer;
  }
  return Caller::kUnknown;
}

std::string_view NameOf(Caller caller) {
  static constexpr std::array<std::string_view, kCallerCount> kNames{
      "unknown",     "anonymous",           "shared_key", "account_sas",
      "service_sas", "user_delegation_sas", "bearer"};
  return kNames[static_cast<std::size_t>(caller)];
}

std::size_t ShardOfThisThread() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t shard = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return shard;
}

void AccountCounters::Add(Caller caller, unsigned status, std::uint64_t received,
                          std::uint64_t sent) {
  Shard& shard = shards_[ShardOfThisThread()];
  shard.requests[static_cast<std::size_t>(caller)][StatusClassOf(status)].Add();
  shard.received_bytes.Add(received);
  shard.sent_bytes.Add(sent);
}

AccountTotals AccountCounters::Totals() const {
  AccountTotals totals;
  for (const Shard& shard : shards_) {
    for (std::size_t caller = 0; caller < kCallerCount; ++caller) {
      for (std::size_t status = 0; status < kStatusClasses.size(); ++status) {
        totals.requests[caller][status] += shard.requests[caller][status].Get();
      }
    }
    totals.received_bytes += shard.received_bytes.Get();
    totals.sent_bytes += shard.sent_bytes.Get();
  }
  return totals;
}

RequestCounters::RequestCounters()
    : shards_(std::make_unique<Shard[]>(kShards)),
      errors_(std::make_unique<Count[]>(kOperations * azure::kErrorCodeCount)) {
  for (std::size_t i = 0; i < kShards; ++i) {
    shards_[i].versions = std::make_unique<Count[]>(VersionGroupNames().size());
  }
}

void RequestCounters::Add(const EndedRequest& request) {
  const std::size_t index =
      request.operation ? static_cast<std::size_t>(*request.operation) : kNoOperation;
  Shard& shard = shards_[ShardOfThisThread()];
  OperationCells& cells = shard.operations[index];
  cells.statuses[StatusIndexOf(request.status)].Add();
  cells.received_bytes.Add(request.received_bytes);
  cells.sent_bytes.Add(request.sent_bytes);
  if (!request.complete) cells.cut.Add();
  cells.duration.Add(NanosecondsOf(request.duration));
  cells.server.Add(NanosecondsOf(request.server));
  shard.versions[request.version].Add();
  if (request.error) {
    errors_[index * azure::kErrorCodeCount + static_cast<std::size_t>(*request.error)].Add();
  }
  AccountCounters& account = request.account ? *request.account : no_account_;
  account.Add(request.caller, request.status, request.received_bytes, request.sent_bytes);
}

OperationTotals RequestCounters::OperationAt(std::size_t index) const {
  OperationTotals totals;
  for (std::size_t i = 0; i < kShards; ++i) {
    const OperationCells& cells = shards_[i].operations[index];
    for (std::size_t status = 0; status < totals.statuses.size(); ++status) {
      totals.statuses[status] += cells.statuses[status].Get();
    }
    totals.received_bytes += cells.received_bytes.Get();
    totals.sent_bytes += cells.sent_bytes.Get();
    totals.cut += cells.cut.Get();
    cells.duration.AddTo(totals.duration);
    cells.server.AddTo(totals.server);
  }
  return totals;
}

std::uint64_t RequestCounters::Errors(std::size_t operation_index, azure::ErrorCode code) const {
  return errors_[operation_index * azure::kErrorCodeCount + static_cast<std::size_t>(code)].Get();
}

std::uint64_t RequestCounters::Versions(std::size_t group) const {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i < kShards; ++i) all += shards_[i].versions[group].Get();
  return all;
}

}  // namespace blobgate::gateway
