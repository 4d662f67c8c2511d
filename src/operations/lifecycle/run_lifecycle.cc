#include "operations/lifecycle/run_lifecycle.h"

#include <spdlog/spdlog.h>

#include <boost/asio/this_coro.hpp>
#include <optional>
#include <utility>

#include "blob/conditions.h"
#include "blob/keys.h"
#include "blob/lifecycle.h"
#include "blob/path_keys.h"
#include "blob/tier.h"
#include "operations/access_time.h"
#include "operations/container/container_walk.h"
#include "operations/internal_request.h"
#include "operations/path/tree_walk.h"
#include "operations/repeat.h"

namespace blobgate::operations {
namespace {

/// Rows of one scan, and the rest after it.
constexpr std::size_t kRows = 1000;
constexpr std::chrono::milliseconds kRest{20};

/// One thing to do.
struct Step {
  blob::LifecycleAction action;
  std::string blob;
  std::uint64_t etag = 0;
  Time snapshot{};
  Time version{};  ///< of a previous version
};

std::string_view TierOf(blob::LifecycleAction action) {
  switch (action) {
    case blob::LifecycleAction::kToCool:
      return "Cool";
    case blob::LifecycleAction::kToCold:
      return "Cold";
    case blob::LifecycleAction::kToArchive:
      return "Archive";
    case blob::LifecycleAction::kNone:
    case blob::LifecycleAction::kDelete:
      break;
  }
  return {};
}

class Run {
 public:
  Run(Services& services, const Account& account, Time tracked_since)
      : services_(services),
        account_(account),
        now_(services.clock.Now()),
        tracked_since_(tracked_since) {}

  Task<Status> Container(const ContainerName& container) {
    if (container.hierarchical) co_return co_await Tree(container);
    const std::string space = blob::ContainerSpace(container.incarnation);
    BG_CO_TRY(const auto partitions, co_await services_.catalog().PartitionsOf(space));
    for (const auto& partition : partitions) {
      std::string from = "b";
      while (!from.empty()) {
        BG_CO_TRY(const auto steps, co_await Plan(partition, container.name, from));
        BG_CO_CHECK(co_await TakeAll(container.name, steps));
      }
    }
    co_return Status();
  }

  const LifecycleReport& report() const { return report_; }

 private:
  /// The files of a hierarchical container; directories stay.
  Task<Status> Tree(const ContainerName& container) {
    const std::string space = blob::ContainerSpace(container.incarnation);
    BG_CO_TRY(const auto partition, co_await services_.catalog().Locate(space, {}));
    TreeQuery query;
    query.directory = blob::kRootDirectory;
    query.limits.rows = kRows;
    query.shows = [](const blob::BlobRecord& record) { return !record.path.directory; };
    do {
      const auto page = co_await WalkTree(services_, partition, query);
      if (!page) co_return Fail(Errc::kInternal, std::string(page.error().cause()));
      std::vector<Step> steps;
      for (const TreeEntry& entry : page->entries) {
        auto step = PlanState(container.name, entry.path, entry.record);
        if (step) steps.push_back(std::move(*step));
      }
      BG_CO_CHECK(co_await TakeAll(container.name, steps));
      query.from = page->next;
    } while (!query.from.empty());
    co_return Status();
  }

  Task<Status> TakeAll(const std::string& container, const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      if (co_await Stopped()) co_return Fail(Errc::kCancelled);
      co_await Take(container, step);
    }
    if (!co_await Pause(kRest)) co_return Fail(Errc::kCancelled);
    co_return Status();
  }

  /// What is to be done about the next rows; `from` moves on, and is empty at the end.
  Task<Result<std::vector<Step>>> Plan(engine::PartitionRef partition, std::string_view container,
                                       std::string& from) {
    std::vector<Step> steps;
    std::size_t rows = 0;
    std::string next;
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion) {
      if (rows++ == kRows) {
        next = key;
        return engine::ScanStep::Stop();
      }
      if (auto step = PlanRow(container, key, value)) steps.push_back(std::move(*step));
      return engine::ScanStep::Next();
    };
    BG_CO_CHECK(co_await services_.catalog().Scan(partition, from, blob::PrefixEnd("b"),
                                                  std::move(visitor)));
    from = std::move(next);
    co_return steps;
  }

  std::optional<Step> PlanRow(std::string_view container, std::string_view key,
                              std::string_view value) const {
    const std::string_view name = blob::NameOfKey(key);
    const auto record = blob::BlobRecord::Decode(value);
    if (!record) {
      spdlog::error("lifecycle of {}/{}: {}", container, name, record.error().detail);
      return std::nullopt;
    }
    return PlanState(container, name, *record);
  }

  std::optional<Step> PlanState(std::string_view container, std::string_view name,
                                const blob::BlobRecord& record) const {
    if (!record.committed) return std::nullopt;
    const blob::TierState tier = TierAt(record.tier, now_);
    const blob::LifecycleSubject subject{container, name, record, tier, now_, tracked_since_};
    const auto action = blob::ChooseAction(*account_.lifecycle, subject);
    if (action == blob::LifecycleAction::kNone) return std::nullopt;
    return Step{action, std::string(name), record.etag, record.snapshot,
                record.previous ? record.version : Time{}};
  }

  Task<void> Take(const std::string& container, const Step& step) {
    const bool removes = step.action == blob::LifecycleAction::kDelete;
    InternalRequest request(
        account_, removes ? azure::Operation::kDeleteBlob : azure::Operation::kSetBlobTier,
        container, step.blob);
    if (step.snapshot != Time{}) request.Query("snapshot", FormatIso8601(step.snapshot));
    if (step.version != Time{}) request.Query("versionid", FormatIso8601(step.version));
    if (removes) {
      // Who has written it since then wants to keep it.
      request.Header("If-Match", blob::EtagText(step.etag));
    } else {
      request.Header("x-ms-access-tier", std::string(TierOf(step.action)));
    }
    const auto done = co_await request.Run(services_);
    if (!done) {
      ++report_.refused;
      spdlog::debug("lifecycle: {}/{}/{} stays as it is: {}", account_.name, container, step.blob,
                    azure::InfoOf(done.error().code).code);
    } else {
      ++(removes ? report_.removed : report_.moved);
    }
  }

  Services& services_;
  const Account& account_;
  const Time now_;
  const Time tracked_since_;
  LifecycleReport report_;
};

Task<Status> RunAndReport(Services& services, const Account& account) {
  BG_CO_TRY(const auto report, co_await RunLifecycle(services, account));
  if (report.moved + report.removed + report.refused > 0) {
    spdlog::info("lifecycle of {}: {} moved, {} removed, {} refused", account.name, report.moved,
                 report.removed, report.refused);
  }
  co_return Status();
}

}  // namespace

Task<Result<LifecycleReport>> RunLifecycle(Services& services, const Account& account) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  if (!account.lifecycle) co_return LifecycleReport();
  BG_CO_TRY(const Time since, co_await AccessTrackedSince(services, account));
  BG_CO_TRY(const auto containers, co_await ContainersOf(services, account.name));
  Run run(services, account, since);
  for (const ContainerName& container : containers) {
    if (azure::IsSystemContainer(container.name)) continue;
    BG_CO_CHECK(co_await run.Container(container));
  }
  co_return run.report();
}

void SpawnLifecycle(Services& services, std::chrono::seconds interval) {
  AccountPass pass = [&services](const Account& account) {
    return RunAndReport(services, account);
  };
  SpawnForAccounts(services, "lifecycle", interval, std::move(pass));
}

}  // namespace blobgate::operations
