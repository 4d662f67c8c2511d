#include "operations/history/purge.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "blob/immutability.h"
#include "blob/keys.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/container/collector.h"
#include "operations/container/container_walk.h"
#include "operations/history/history.h"
#include "operations/path/path_purge.h"
#include "operations/repeat.h"

namespace blobgate::operations {
namespace {

constexpr std::chrono::hours kInterval{1};
/// Rows found by one scan.
constexpr std::size_t kFound = 1000;

/// The index rows of one partition that are due, kFound at a time from `from` on.
Task<Result<std::vector<std::string>>> DueRows(Services& services, engine::PartitionRef partition,
                                               std::string from, Time now) {
  std::vector<std::string> keys;
  engine::ScanVisitor visitor = [&keys](std::string_view key, std::string_view,
                                        engine::RowVersion) {
    keys.emplace_back(key);
    return keys.size() == kFound ? engine::ScanStep::Stop() : engine::ScanStep::Next();
  };
  BG_CO_CHECK(co_await services.catalog().Scan(
      partition, std::move(from), blob::PurgeKey(now + Ticks(1), {}), std::move(visitor)));
  co_return keys;
}

bool IsDue(const blob::BlobRecord& record, Time now) {
  return record.remains == blob::Remains::kDeleted && record.purge <= now;
}

/// Its time has come, but a policy or a hold retains it: its index row stays for a later round.
bool IsHeld(const blob::BlobRecord& record, Time now) {
  return IsDue(record, now) && blob::IsRetained(record.immutability, now);
}

/// A deleted base blob. Its row stays while snapshots or versions need it, or uncommitted blocks.
Task<azure::Outcome<void>> PurgeBase(Services& services, const Target& base, engine::Batch& batch) {
  ReferenceSet none;
  BG_CO_CHECK(co_await ReleaseContent(services, base, *base.blob, batch, none));
  blob::BlobRecord record = *base.blob;
  record.ForgetContent();
  record.deleted = {};
  record.purge = {};
  BG_CO_TRY(const bool more, co_await HasHistory(services, base, batch));
  record.remains = more ? blob::Remains::kVersionsOnly : blob::Remains::kNone;
  if (!more && record.staged_id_length == 0) {
    batch.deletes.push_back(base.key);
  } else {
    batch.puts.push_back({base.key, record.Encode()});
  }
  co_return azure::Outcome<void>();
}

/// A deleted snapshot or version, and the base row if it was there for this state only.
Task<azure::Outcome<void>> PurgeState(Services& services, const Target& base, OldState state,
                                      Time now, engine::Batch& batch) {
  BG_CO_CHECK(co_await DropState(services, base, std::move(state), now, 0, batch));
  const bool needless =
      base.blob->remains == blob::Remains::kVersionsOnly && base.blob->staged_id_length == 0;
  if (needless) {
    BG_CO_TRY(const bool more, co_await HasHistory(services, base, batch));
    if (!more) {
      batch.deletes.push_back(base.key);
      co_return azure::Outcome<void>();
    }
  }
  batch.puts.push_back({base.key, base.blob->Encode()});
  co_return azure::Outcome<void>();
}

/// Removes what the index row `due` is about, or just that row when it is about nothing any more.
Task<azure::Outcome<bool>> TryPurge(Services& services, const azure::Resource& blob,
                                    const std::string& due, Time now) {
  BG_CO_TRY(const auto base, co_await LoadTarget(services, blob));
  const std::string key(blob::RowOfPurgeKey(due));
  engine::Batch batch;
  if (key == base.key) {
    if (base.blob && IsHeld(*base.blob, now)) co_return true;
    if (base.blob && IsDue(*base.blob, now)) BG_CO_CHECK(co_await PurgeBase(services, base, batch));
    batch.deletes.push_back(due);
  } else {
    BG_CO_TRY(auto row, co_await services.catalog().Get(base.partition, key));
    Boxed<blob::BlobRecord> record;
    if (row) {
      BG_CO_TRY(record, blob::BlobRecord::Decode(row->value));
    }
    if (record && IsHeld(*record, now)) co_return true;
    if (record && base.blob && IsDue(*record, now)) {
      OldState state{key, row->version, std::move(*record)};
      BG_CO_CHECK(co_await PurgeState(services, base, std::move(state), now, batch));
    }
    const auto already = std::ranges::find(batch.deletes, due);
    if (already == batch.deletes.end()) batch.deletes.push_back(due);
  }
  co_return co_await CommitTarget(services, base, std::move(batch));
}

Task<azure::Outcome<void>> PurgeRow(Services& services, azure::Resource blob, std::string due,
                                    Time now) {
  BG_CO_TRY(const auto container, co_await LoadContainer(services, blob.account, blob.container));
  const auto purge = container->record.hierarchical ? TryPurgePath : TryPurge;
  blob.blob = blob::NameOfKey(blob::RowOfPurgeKey(due));
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const bool done, co_await purge(services, blob, due, now));
    if (done) co_return azure::Outcome<void>();
  }
  co_return azure::Fail(Busy());
}

Task<Status> PurgePartition(Services& services, const azure::Resource& container,
                            engine::PartitionRef partition, Time now) {
  std::string from = "x";
  for (;;) {
    BG_CO_TRY(const auto due, co_await DueRows(services, partition, from, now));
    if (due.empty()) co_return Status();
    for (const std::string& key : due) {
      if (co_await Stopped()) co_return Fail(Errc::kCancelled);
      const auto done = co_await PurgeRow(services, container, key, now);
      if (done) continue;
      spdlog::warn("deleted blob {}/{}/{} is not purged: {}", container.account,
                   container.container, blob::NameOfKey(blob::RowOfPurgeKey(key)),
                   azure::InfoOf(done.error().code).code);
    }
    from = due.back() + '\x01';
  }
}

/// Hands a container whose retention is over to the collector.
Task<Status> PurgeContainer(Services& services, const std::string& account,
                            const RestorableContainer& container) {
  engine::Batch batch;
  const std::string key = blob::DeletedContainerKey(container.name, container.version);
  batch.preconditions.push_back(engine::Precondition::At(key, container.row.version));
  batch.deletes.push_back(key);
  batch.puts.push_back({blob::GarbageKey(container.record.incarnation), container.name});
  BG_CO_CHECK(co_await services.catalog().Commit(container.partition, std::move(batch)));
  SpawnCollection(services, {account, container.name, container.record.incarnation});
  co_return Status();
}

Task<Status> PurgeContainers(Services& services, const std::string& account, Time now) {
  BG_CO_TRY(const auto containers, co_await RestorableContainersOf(services, account));
  for (const RestorableContainer& container : containers) {
    if (container.record.purge > now) continue;
    const Status done = co_await PurgeContainer(services, account, container);
    if (!done) {
      spdlog::warn("deleted container {}/{} is not purged: {} {}", account, container.name,
                   ErrcName(done.error().code), done.error().detail);
    }
  }
  co_return Status();
}

}  // namespace

Task<Status> PurgeDeleted(Services& services, std::vector<std::string> accounts) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  const Time now = services.clock.Now();
  for (const std::string& account : accounts) {
    BG_CO_CHECK(co_await PurgeContainers(services, account, now));
    BG_CO_TRY(const auto containers, co_await ContainersOf(services, account));
    for (const ContainerName& container : containers) {
      const std::string space = blob::ContainerSpace(container.incarnation);
      BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
      azure::Resource resource;
      resource.account = account;
      resource.container = container.name;
      for (const auto& partition : partitions) {
        BG_CO_CHECK(co_await PurgePartition(services, resource, partition, now));
      }
    }
  }
  co_return Status();
}

void SpawnPurge(Services& services) {
  auto pass = [&services] { return PurgeDeleted(services, services.accounts->Names()); };
  SpawnRepeated(services, "purge of deleted blobs", kInterval, std::move(pass));
}

}  // namespace blobgate::operations
