#include "operations/container/collector.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <utility>

#include "blob/keys.h"
#include "blob/page_chunk.h"
#include "blob/records.h"
#include "operations/blob_store.h"
#include "operations/reference_set.h"
#include "operations/repeat.h"

namespace blobgate::operations {
namespace {

struct SweptRow {
  std::string key;
  std::string value;
  engine::RowVersion version = 0;
};

/// No key lies between `key` and this one: keys have no NUL.
std::string KeyAfter(std::string key) {
  key += '\x01';
  return key;
}

/// One run of CollectContainer.
class Collection {
 public:
  Collection(Services& services, const DeletedContainer& container, CollectorLimits limits)
      : services_(services),
        container_(container),
        limits_(limits),
        space_(blob::ContainerSpace(container.incarnation)) {}

  Task<Status> Run() {
    do {
      clean_ = true;
      unreadable_ = 0;
      BG_CO_TRY(auto partitions, co_await services_.catalog().PartitionsOf(space_));
      for (const auto& partition : partitions) BG_CO_CHECK(co_await SweepPartition(partition));
    } while (!clean_);
    if (unreadable_ > 0) {
      co_return Fail(Errc::kCorruption, std::to_string(unreadable_) + " rows cannot be read");
    }
    co_return co_await DeleteGarbageRow();
  }

 private:
  /// Deletes every readable row once; `clean_` becomes false when there was one.
  Task<Status> SweepPartition(engine::PartitionRef partition) {
    BG_CO_CHECK(co_await DeleteAliveRow(partition));
    std::string from;
    for (;;) {
      const auto began = std::chrono::steady_clock::now();
      BG_CO_TRY(auto rows, co_await NextRows(partition, from));
      if (rows.empty()) co_return Status();
      engine::Batch batch;
      BG_CO_TRY(from, co_await FillBatch(rows, batch));
      if (batch.deletes.empty()) continue;
      clean_ = false;
      Status committed = co_await services_.catalog().Commit(partition, std::move(batch));
      // Someone else collects the same container, or the partition moved: begin again.
      if (!committed && Moved(committed)) co_return Status();
      BG_CO_CHECK(std::move(committed));
      if (!co_await RestAfter(began, limits_.longest_rest)) co_return Fail(Errc::kCancelled);
    }
  }

  static bool Moved(const Status& status) {
    return status.error().code == Errc::kConflict || status.error().code == Errc::kPartitionMoved;
  }

  Task<Status> DeleteAliveRow(engine::PartitionRef partition) {
    const std::string key = blob::AliveKey();
    BG_CO_TRY(auto row, co_await services_.catalog().Get(partition, key));
    if (!row) co_return Status();
    clean_ = false;
    engine::Batch batch;
    batch.deletes.push_back(key);
    Status committed = co_await services_.catalog().Commit(partition, std::move(batch));
    if (!committed && Moved(committed)) co_return Status();
    co_return committed;
  }

  Task<Result<std::vector<SweptRow>>> NextRows(engine::PartitionRef partition, std::string from) {
    std::vector<SweptRow> rows;
    std::size_t bytes = 0;
    engine::ScanVisitor visitor = [&rows, &bytes, this](std::string_view key,
                                                        std::string_view value,
                                                        engine::RowVersion version) {
      rows.push_back({std::string(key), std::string(value), version});
      bytes += value.size();
      const bool enough = rows.size() >= limits_.rows || bytes >= limits_.row_bytes;
      return enough ? engine::ScanStep::Stop() : engine::ScanStep::Next();
    };
    BG_CO_CHECK(
        co_await services_.catalog().Scan(partition, std::move(from), {}, std::move(visitor)));
    co_return rows;
  }

  /// Deletes of as many of `rows` as fit, on condition that they are as they were read: their
  /// releases are right for that state only. Where the next batch begins.
  Task<Result<std::string>> FillBatch(const std::vector<SweptRow>& rows, engine::Batch& batch) {
    std::string next;
    for (const SweptRow& row : rows) {
      BG_CO_TRY(bool readable, co_await ReleaseRow(row, batch));
      next = KeyAfter(row.key);
      if (readable) {
        batch.preconditions.push_back(engine::Precondition::At(row.key, row.version));
        batch.deletes.push_back(row.key);
      } else {
        ++unreadable_;
      }
      if (batch.releases.size() >= limits_.releases) break;
    }
    co_return next;
  }

  /// Adds the releases of one row; false (and no change) when it cannot be read.
  Task<Result<bool>> ReleaseRow(const SweptRow& row, engine::Batch& batch) {
    if (row.key == blob::AliveKey()) co_return true;
    switch (row.key.front()) {
      case 'b':
        co_return co_await ReleaseBlob(row, batch);
      case 'd':
        co_return ReleaseAppended(row, batch);
      case 'q':
        co_return ReleasePages(row, batch);
      case 'u':
        co_return ReleaseStaged(row, batch);
      case 'z':
        co_return co_await ReleaseBlob(row, batch);
      case 'e':
        if (!FeedWants()) co_return true;
        co_return Fail(Errc::kUnavailable, "its changes are not in the change feed yet");
      case 'f':
      case 'i':
      case 'j':
      case 'n':
      case 'r':
      case 't':
      case 'w':
      case 'x':
        co_return true;
      default:
        co_return Unreadable(row, "unknown kind of row");
    }
  }

  /// Change events are for the feed, which takes them away.
  bool FeedWants() const {
    const auto account =
        services_.accounts ? services_.accounts->FindAccount(container_.account) : nullptr;
    return account && account->change_feed;
  }

  Task<Result<bool>> ReleaseBlob(const SweptRow& row, engine::Batch& batch) {
    auto record = blob::BlobRecord::Decode(row.value);
    if (!record) co_return Unreadable(row, record.error().detail);
    ReferenceSet kept;
    auto released = co_await ReleaseSlices(services_, *record, batch, kept);
    if (released) co_return true;
    if (released.error().code == azure::ErrorCode::kInternalError) {
      co_return Unreadable(row, std::string(released.error().cause()));
    }
    co_return Fail(Errc::kUnavailable, std::string(released.error().cause()));
  }

  bool ReleaseAppended(const SweptRow& row, engine::Batch& batch) {
    if (!blob::EndOfAppendKey(row.key)) return true;  // the lineage's own row
    auto appended = blob::AppendedBlock::Decode(row.value);
    if (!appended) return Unreadable(row, appended.error().detail);
    for (const auto& slice : appended->block.slices) batch.releases.push_back(slice.extent);
    return true;
  }

  bool ReleasePages(const SweptRow& row, engine::Batch& batch) {
    if (!blob::NameOfPageChunkKey(row.key)) return true;  // the lineage's own row
    auto chunk = blob::PageChunk::Decode(row.value);
    if (!chunk) return Unreadable(row, chunk.error().detail);
    for (const auto& extent : chunk->Extents()) batch.releases.push_back(extent);
    return true;
  }

  bool ReleaseStaged(const SweptRow& row, engine::Batch& batch) {
    auto staged = blob::StagedBlock::Decode(row.value);
    if (!staged) return Unreadable(row, staged.error().detail);
    for (const auto& slice : staged->block.slices) batch.releases.push_back(slice.extent);
    return true;
  }

  bool Unreadable(const SweptRow& row, std::string_view why) {
    spdlog::error("deleted container {} ({}): cannot read a row of {} bytes, key of {} bytes: {}",
                  container_.name, container_.incarnation, row.value.size(), row.key.size(), why);
    return false;
  }

  Task<Status> DeleteGarbageRow() {
    const std::string account_space = blob::AccountSpace(container_.account);
    for (CommitLoop loop; loop.Again();) {
      BG_CO_TRY(auto partition,
                co_await services_.catalog().Locate(account_space, container_.name));
      engine::Batch batch;
      batch.deletes.push_back(blob::GarbageKey(container_.incarnation));
      Status committed = co_await services_.catalog().Commit(partition, std::move(batch));
      if (committed || !Moved(committed)) co_return committed;
    }
    co_return Fail(Errc::kUnavailable, "the account's partition keeps moving");
  }

  Services& services_;
  const DeletedContainer& container_;
  const CollectorLimits limits_;
  const std::string space_;
  bool clean_ = true;
  std::size_t unreadable_ = 0;  ///< rows in this pass
};

Task<void> CollectUntilDone(Services& services, DeletedContainer container) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  std::chrono::seconds pause(1);
  for (;;) {
    Status status = co_await CollectContainer(services, container);
    if (status || status.error().code == Errc::kCancelled) co_return;
    spdlog::warn("deleted container {} ({}) is not collected yet: {} {}", container.name,
                 container.incarnation, ErrcName(status.error().code), status.error().detail);
    if (!MayPass(status.error().code)) co_return;
    if (!co_await Pause(pause)) co_return;
    pause = std::min(pause * 2, std::chrono::seconds(300));
  }
}

}  // namespace

Task<Status> CollectContainer(Services& services, DeletedContainer container,
                              CollectorLimits limits) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  Collection collection(services, container, limits);
  co_return co_await collection.Run();
}

void SpawnCollection(Services& services, DeletedContainer container) {
  auto task = [&services, container = std::move(container)]() mutable {
    return CollectUntilDone(services, std::move(container));
  };
  services.background.Spawn("collect-container", std::move(task));
}

Task<Result<std::vector<DeletedContainer>>> DeletedContainersOf(Services& services,
                                                                std::string account) {
  const std::string prefix = blob::GarbageKey({});
  std::vector<DeletedContainer> found;
  const std::string space = blob::AccountSpace(account);
  BG_CO_TRY(auto partitions, co_await services.catalog().PartitionsOf(space));
  for (const auto& partition : partitions) {
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion) {
      found.push_back({account, std::string(value), std::string(key.substr(prefix.size()))});
      return engine::ScanStep::Next();
    };
    BG_CO_CHECK(co_await services.catalog().Scan(partition, prefix, blob::PrefixEnd(prefix),
                                                 std::move(visitor)));
  }
  co_return found;
}

Task<Status> ResumeCollection(Services& services, std::vector<std::string> accounts) {
  for (const std::string& account : accounts) {
    BG_CO_TRY(auto found, co_await DeletedContainersOf(services, account));
    for (auto& container : found) SpawnCollection(services, std::move(container));
  }
  co_return Status();
}

}  // namespace blobgate::operations
