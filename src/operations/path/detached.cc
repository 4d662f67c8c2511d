#include "operations/path/detached.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <utility>

#include "blob/path_keys.h"
#include "operations/blob_content.h"
#include "operations/block/staging.h"
#include "operations/container/container_walk.h"
#include "operations/leftovers.h"
#include "operations/lineage_row.h"
#include "operations/path/path_place.h"
#include "operations/path/running_jobs.h"
#include "operations/repeat.h"
#include "operations/tags/tag_index.h"

namespace blobgate::operations {
namespace {

using engine::Precondition;

/// Entries that one batch takes, and references it drops.
constexpr std::size_t kEntries = 200;
constexpr std::size_t kReleases = 2000;
constexpr std::chrono::milliseconds kLongestRest{100};

struct Entry {
  std::string key;
  engine::Row row;
};

/// The internal failure behind an Azure one.
Status StatusOf(const azure::Error& error) {
  const bool busy = error.code == azure::ErrorCode::kServerBusy;
  return Fail(busy ? Errc::kUnavailable : Errc::kInternal, std::string(error.cause()));
}

class DetachedCollection {
 public:
  DetachedCollection(Services& services, std::string space)
      : services_(services), space_(std::move(space)) {}

  Task<Status> Run() {
    BG_CO_TRY(partition_, co_await services_.catalog().Locate(space_, {}));
    for (;;) {
      const auto began = std::chrono::steady_clock::now();
      BG_CO_TRY(const auto next, co_await NextDirectory());
      if (!next) co_return Status();
      BG_CO_CHECK(co_await TakeSome(*next));
      if (!co_await RestAfter(began, kLongestRest)) co_return Fail(Errc::kCancelled);
    }
  }

 private:
  Task<Result<std::optional<Entry>>> NextDirectory() {
    std::optional<Entry> found;
    engine::ScanVisitor visitor = [&found](std::string_view key, std::string_view value,
                                           engine::RowVersion version) {
      found = Entry{std::string(key), {std::string(value), version}};
      return engine::ScanStep::Stop();
    };
    const std::string from(1, blob::kDetachedRows);
    BG_CO_CHECK(co_await services_.catalog().Scan(partition_, from, blob::PrefixEnd(from),
                                                  std::move(visitor)));
    co_return found;
  }

  Task<Result<std::vector<Entry>>> EntriesOf(std::uint64_t directory) {
    std::vector<Entry> entries;
    const std::string prefix = blob::EntryPrefix(directory);
    engine::ScanVisitor visitor = [&entries](std::string_view key, std::string_view value,
                                             engine::RowVersion version) {
      entries.push_back({std::string(key), {std::string(value), version}});
      return entries.size() < kEntries ? engine::ScanStep::Next() : engine::ScanStep::Stop();
    };
    BG_CO_CHECK(co_await services_.catalog().Scan(partition_, prefix, blob::PrefixEnd(prefix),
                                                  std::move(visitor)));
    co_return entries;
  }

  /// One batch of the directory that the row `mark` is about; the row goes with the last.
  Task<Status> TakeSome(const Entry& mark) {
    const auto directory = blob::DirectoryOfKey(mark.key);
    if (!directory) co_return Fail(Errc::kCorruption, "no key of a detached directory");
    const engine::ReadGuard guard = services_.extents().BeginRead();
    BG_CO_TRY(auto entries, co_await EntriesOf(*directory));
    engine::Batch batch;
    std::size_t taken = 0;
    for (Entry& entry : entries) {
      if (batch.releases.size() >= kReleases) break;
      BG_CO_CHECK(co_await Take(entry, batch));
      ++taken;
    }
    if (taken == entries.size() && entries.size() < kEntries) {
      batch.preconditions.push_back(Precondition::At(mark.key, mark.row.version));
      batch.deletes.push_back(mark.key);
    }
    std::vector<Leftover> leftovers = LeftoversIn(batch, space_);
    const Status done = co_await services_.catalog().Commit(partition_, std::move(batch));
    if (!done && done.error().code != Errc::kConflict) co_return done;
    if (done) {
      for (Leftover& leftover : leftovers) SpawnLeftover(services_, std::move(leftover));
    }
    co_return Status();
  }

  Task<Status> Take(Entry& entry, engine::Batch& batch) {
    BG_CO_TRY(auto record, blob::BlobRecord::Decode(entry.row.value));
    batch.preconditions.push_back(Precondition::At(entry.key, entry.row.version));
    batch.deletes.push_back(entry.key);
    if (record.path.directory) {
      batch.deletes.push_back(blob::InodeKey(record.path.id));
      PutRow(batch, blob::DetachedKey(record.path.id), {});
      co_return Status();
    }
    Target target;
    target.partition = partition_;
    target.key = entry.key;
    target.name = blob::ContentName(record.path.id);
    target.row = std::move(entry.row);
    target.blob = std::move(record);
    auto released = co_await Release(target, batch);
    if (!released) co_return StatusOf(released.error());
    co_return UpdateTagIndex(target, batch);
  }

  Task<azure::Outcome<void>> Release(const Target& target, engine::Batch& batch) {
    ReferenceSet none;
    BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(services_, target));
    DropStagedBlocks(target, staged, batch, none);
    co_return co_await ReleaseContent(services_, target, *target.blob, batch, none);
  }

  Services& services_;
  const std::string space_;
  engine::PartitionRef partition_;
};

Task<void> CollectUntilDone(Services& services, std::string space) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  std::chrono::seconds pause(1);
  for (;;) {
    services.path_jobs->Look(space);
    const Status status = co_await CollectDetached(services, space);
    if (status && services.path_jobs->End(space)) co_return;
    if (status) continue;
    if (status.error().code != Errc::kCancelled) {
      spdlog::warn("deleted directories of {} are not removed yet: {} {}", space,
                   ErrcName(status.error().code), status.error().detail);
    }
    if (!MayPass(status.error().code) || !co_await Pause(pause)) {
      services.path_jobs->Drop(space);
      co_return;
    }
    pause = std::min(pause * 2, std::chrono::seconds(300));
  }
}

}  // namespace

Task<Status> CollectDetached(Services& services, std::string space) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  DetachedCollection collection(services, std::move(space));
  co_return co_await collection.Run();
}

void SpawnDetached(Services& services, std::string space) {
  if (!services.path_jobs->Begin(space)) return;
  auto task = [&services, space = std::move(space)]() mutable {
    return CollectUntilDone(services, std::move(space));
  };
  services.background.Spawn("remove deleted directories", std::move(task));
}

Task<Status> ResumeDetached(Services& services, std::vector<std::string> accounts) {
  for (const std::string& account : accounts) {
    BG_CO_TRY(const auto containers, co_await ContainersOf(services, account));
    for (const ContainerName& container : containers) {
      std::string space = blob::ContainerSpace(container.incarnation);
      BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
      bool any = false;
      for (const auto& partition : partitions) {
        engine::ScanVisitor visitor = [&any](std::string_view, std::string_view,
                                             engine::RowVersion) {
          any = true;
          return engine::ScanStep::Stop();
        };
        const std::string from(1, blob::kDetachedRows);
        BG_CO_CHECK(co_await services.catalog().Scan(partition, from, blob::PrefixEnd(from),
                                                     std::move(visitor)));
      }
      if (any) SpawnDetached(services, std::move(space));
    }
  }
  co_return Status();
}

}  // namespace blobgate::operations
