#include "operations/capacity/count_capacity.h"

#include <spdlog/spdlog.h>

#include <boost/asio/this_coro.hpp>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "blob/keys.h"
#include "operations/capacity/account_capacity.h"
#include "operations/container/container_walk.h"
#include "operations/maintenance/row_inspection.h"
#include "operations/repeat.h"

namespace blobgate::operations {
namespace {

/// Between looks whether a count is due.
constexpr std::chrono::seconds kInterval{2};
constexpr std::size_t kRowsAtOnce = 10'000;
constexpr std::chrono::seconds kLongestRest{1};
/// Extents of one blob's rows that are remembered.
constexpr std::size_t kRemembered = 100'000;

/// A block list is not read: its row says how long the blob is.
Result<std::string> Unread(const engine::ExtentRef&) {
  return Fail(Errc::kUnsupported, "not read");
}

/// The rows of one container, in order.
class ContentSum {
 public:
  explicit ContentSum(std::string space) : space_(std::move(space)) {}

  void Add(std::string_view key, std::string_view value) {
    const auto row = InspectRow(space_, key, value, Unread);
    if (!row) {
      spdlog::error("a row of {} is left out of the count: {}", space_, row.error().detail);
      return;
    }
    if (row->name != name_) {
      name_ = row->name;
      seen_.clear();
    }
    for (const ExtentUse& use : row->uses) {
      if (!seen_.contains(PlaceOf(use))) bytes_ += use.length;
    }
    if (row->kind == InspectedRow::Kind::kBlob && seen_.size() < kRemembered) {
      for (const ExtentUse& use : row->uses) seen_.insert(PlaceOf(use));
    }
  }
  std::uint64_t bytes() const { return bytes_; }

 private:
  using Place = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;

  static Place PlaceOf(const ExtentUse& use) {
    return {use.extent.space, use.extent.position, use.extent_offset};
  }

  const std::string space_;
  std::uint64_t bytes_ = 0;
  std::string name_;
  std::set<Place> seen_;  ///< extents of the rows of `name_` so far: its other states share them
};

/// The rows from `from` up to `end`, which is not among them; empty: up to the last.
Task<Status> AddRows(Services& services, engine::PartitionRef partition, std::string from,
                     std::string end, ContentSum& sum) {
  for (;;) {
    if (co_await Stopped()) co_return Fail(Errc::kCancelled);
    const auto began = std::chrono::steady_clock::now();
    std::string next;
    std::size_t rows = 0;
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion) {
      if (rows++ == kRowsAtOnce) {
        next = key;
        return engine::ScanStep::Stop();
      }
      sum.Add(key, value);
      return engine::ScanStep::Next();
    };
    BG_CO_CHECK(co_await services.catalog().Scan(partition, from, end, std::move(visitor)));
    if (next.empty()) co_return Status();
    from = std::move(next);
    co_await RestAfter(began, kLongestRest);
  }
}

Task<Result<std::uint64_t>> CountContainer(Services& services, std::string incarnation) {
  const std::string space = blob::ContainerSpace(incarnation);
  BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
  std::uint64_t bytes = 0;
  for (const engine::PartitionRef partition : partitions) {
    // Uncommitted blocks first: those that are committed meanwhile count twice then, until the
    // next count, and not never.
    const std::string staged = "u", behind = blob::PrefixEnd(staged);
    ContentSum sum(space);
    BG_CO_CHECK(co_await AddRows(services, partition, staged, behind, sum));
    BG_CO_CHECK(co_await AddRows(services, partition, {}, staged, sum));
    BG_CO_CHECK(co_await AddRows(services, partition, behind, {}, sum));
    bytes += sum.bytes();
  }
  co_return bytes;
}

Task<Status> CountIfDue(Services& services, const Account& account) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  const std::shared_ptr<AccountCapacity> capacity = account.capacity;
  const auto began = AccountCapacity::Clock::now();
  if (account.capacity_bytes == 0 || !capacity->IsCountDue(began, account.capacity_bytes)) {
    co_return Status();
  }
  capacity->BeginCount(began);
  const auto bytes = co_await CountContent(services, account.name);
  if (!bytes) {
    capacity->FailCount(AccountCapacity::Clock::now());
    co_return std::unexpected(bytes.error());
  }
  capacity->EndCount(*bytes, AccountCapacity::Clock::now());
  co_return Status();
}

}  // namespace

Task<Result<std::uint64_t>> CountContent(Services& services, std::string account) {
  BG_CO_TRY(const auto containers, co_await ContainersOf(services, account));
  BG_CO_TRY(const auto restorable, co_await RestorableContainersOf(services, account));
  std::vector<std::string> incarnations;
  for (const auto& container : containers) incarnations.push_back(container.incarnation);
  for (const auto& container : restorable) incarnations.push_back(container.record.incarnation);
  std::uint64_t bytes = 0;
  for (const std::string& incarnation : incarnations) {
    BG_CO_TRY(const std::uint64_t more, co_await CountContainer(services, incarnation));
    bytes += more;
  }
  co_return bytes;
}

void SpawnCapacityCounts(Services& services) {
  auto pass = [&services](const Account& account) { return CountIfDue(services, account); };
  SpawnForAccounts(services, "count of stored bytes", kInterval, std::move(pass));
}

}  // namespace blobgate::operations
