#include "operations/container/container_walk.h"

#include <spdlog/spdlog.h>

#include <functional>
#include <utility>

#include "blob/keys.h"

namespace blobgate::operations {
namespace {

using Visit = std::function<void(RestorableContainer container)>;

/// Every container row of `account`, deleted ones included.
Task<Status> VisitContainers(Services& services, std::string account, Visit visit) {
  const std::string prefix = blob::ContainerKey({});
  const std::string space = blob::AccountSpace(account);
  BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
  for (const auto& partition : partitions) {
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion version) {
      auto record = blob::ContainerRecord::Decode(value);
      const std::string name(blob::ContainerOfKey(key));
      if (record) {
        visit({name, std::string(blob::ContainerVersionOfKey(key)),
               engine::Row{std::string(value), version}, std::move(*record), partition});
      } else {
        spdlog::error("container {}: {}", name, record.error().detail);
      }
      return engine::ScanStep::Next();
    };
    BG_CO_CHECK(co_await services.catalog().Scan(partition, prefix, blob::PrefixEnd(prefix),
                                                 std::move(visitor)));
  }
  co_return Status();
}

}  // namespace

Task<Result<std::vector<ContainerName>>> ContainersOf(Services& services, std::string account) {
  std::vector<ContainerName> found;
  Visit visit = [&found](RestorableContainer container) {
    if (!container.version.empty()) return;
    found.push_back({std::move(container.name), std::move(container.record.incarnation),
                     container.record.hierarchical});
  };
  BG_CO_CHECK(co_await VisitContainers(services, std::move(account), std::move(visit)));
  co_return found;
}

Task<Result<std::vector<RestorableContainer>>> RestorableContainersOf(Services& services,
                                                                      std::string account) {
  std::vector<RestorableContainer> found;
  Visit visit = [&found](RestorableContainer container) {
    if (!container.version.empty()) found.push_back(std::move(container));
  };
  BG_CO_CHECK(co_await VisitContainers(services, std::move(account), std::move(visit)));
  co_return found;
}

}  // namespace blobgate::operations
