// What is counted of requests, for metrics.
//
// Counting one costs some relaxed additions to cells that are found by index: nothing is looked up
// by name, locked or allocated. The cells are there several times over, so that threads seldom meet
// in one, and are added up when somebody asks. How many there are follows from the operation table,
// Azure's error codes and the accounts of the configuration, never from what clients send.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "auth/credential.h"
#include "azure/errors.h"
#include "azure/operation.h"
#include "base/distribution.h"
#include "gateway/live_requests.h"

namespace blobgate::gateway {

/// Who asked, as far as that was found out.
enum class Caller : std::uint8_t {
  kUnknown,  ///< the request was refused before, or because of its credentials
  kAnonymous,
  kSharedKey,
  kAccountSas,
  kServiceSas,
  kUserDelegationSas,
  kBearer,
};
inline constexpr std::size_t kCallerCount = 7;

Caller CallerOf(auth::Credential::Kind kind);
/// "shared_key" and so on.
std::string_view NameOf(Caller caller);

/// The statuses that are counted each for itself; all others together are the one behind the last.
inline constexpr auto kCountedStatuses =
    std::to_array<unsigned>({200, 201, 202, 204, 206, 304, 400, 401, 403, 404, 405, 408,
                             409, 411, 412, 413, 416, 431, 500, 501, 503, 505, 507});
inline constexpr auto kStatusClasses =
    std::to_array<std::string_view>({"2xx", "3xx", "4xx", "5xx"});

/// A cell. Relaxed: the figures of one request need not appear together.
class Count {
 public:
  void Add(std::uint64_t more = 1) { value_.fetch_add(more, std::memory_order_relaxed); }
  std::uint64_t Get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

inline constexpr std::size_t kShards = 8;  ///< of cells that many threads use
/// Below kShards; the same for a thread at all times.
std::size_t ShardOfThisThread();

struct AccountTotals {
  /// By Caller and kStatusClasses.
  std::array<std::array<std::uint64_t, kStatusClasses.size()>, kCallerCount> requests{};
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};

/// Of one account. Any thread.
class AccountCounters {
 public:
  void Add(Caller caller, unsigned status, std::uint64_t received, std::uint64_t sent);
  AccountTotals Totals() const;

 private:
  struct alignas(64) Shard {
    std::array<std::array<Count, kStatusClasses.size()>, kCallerCount> requests;
    Count received_bytes;
    Count sent_bytes;
  };
  std::array<Shard, kShards> shards_;
};

/// Of one operation.
struct OperationTotals {
  std::array<std::uint64_t, kCountedStatuses.size() + 1> statuses{};
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint64_t cut = 0;  ///< requests whose client did not get all of the answer
  Spread duration;        ///< ns, from the parsed head to the last byte sent
  Spread server;          ///< ns of that, without the waits for the client's bytes
  std::uint64_t requests() const { return duration.count(); }
};

/// What is known of a request that ended.
struct EndedRequest {
  std::optional<azure::Operation> operation;  ///< nullopt: none was recognised
  std::shared_ptr<AccountCounters> account;   ///< null: there is no such account
  Caller caller = Caller::kUnknown;
  unsigned status = 0;
  std::optional<azure::ErrorCode> error;
  std::size_t version = 0;  ///< VersionGroup() of what was sent
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  bool complete = false;
  std::chrono::nanoseconds duration{0};
  std::chrono::nanoseconds server{0};
};

/// Any thread. Owned by the server; outlives the gateway.
class RequestCounters {
 public:
  /// All operations, and the one of requests that are none behind them.
  static constexpr std::size_t kOperations =
      azure::kOperationCount + azure::kPathOperationCount + 1;

  RequestCounters();

  LiveRequests& live() { return live_; }
  const LiveRequests& live() const { return live_; }
  void Add(const EndedRequest& request);

  /// `index` below kOperations.
  OperationTotals OperationAt(std::size_t index) const;
  std::uint64_t Errors(std::size_t operation_index, azure::ErrorCode code) const;
  std::uint64_t Versions(std::size_t group) const;
  /// Of requests that name no account of ours.
  const AccountCounters& no_account() const { return no_account_; }

 private:
  struct OperationCells {
    std::array<Count, kCountedStatuses.size() + 1> statuses;
    Count received_bytes;
    Count sent_bytes;
    Count cut;
    Durations duration;
    Durations server;
  };
  struct alignas(64) Shard {
    std::array<OperationCells, kOperations> operations;
    std::unique_ptr<Count[]> versions;  ///< by group
  };

  const std::unique_ptr<Shard[]> shards_;  ///< kShards
  const std::unique_ptr<Count[]> errors_;  ///< by operation, then by code
  AccountCounters no_account_;
  LiveRequests live_;
};

}  // namespace blobgate::gateway
