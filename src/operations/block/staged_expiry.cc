#include "operations/block/staged_expiry.h"

#include <spdlog/spdlog.h>

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "blob/keys.h"
#include "blob/path_keys.h"
#include "blob/records.h"
#include "operations/block/staging.h"
#include "operations/container/container_walk.h"
#include "operations/repeat.h"

namespace blobgate::operations {
namespace {

constexpr std::chrono::hours kInterval{1};
/// Blobs found by one scan, so that no scan collects without bound.
constexpr std::size_t kFound = 1000;

/// The marks of one partition in order of their names, kFound at a time.
class ExpiredNames {
 public:
  ExpiredNames(Services& services, engine::PartitionRef partition, Time limit)
      : services_(services), partition_(partition), limit_(limit) {}

  /// The next names whose mark is older than the limit; empty at the end.
  Task<Result<std::vector<std::string>>> Next() {
    std::vector<std::string> names;
    std::string next;
    engine::ScanVisitor visitor = [&](std::string_view key, std::string_view value,
                                      engine::RowVersion) {
      if (names.size() == kFound) {
        next = key;
        return engine::ScanStep::Stop();
      }
      return Visit(key, value, names);
    };
    BG_CO_CHECK(co_await services_.catalog().Scan(partition_, from_, end_, std::move(visitor)));
    from_ = next.empty() ? end_ : std::move(next);
    co_return names;
  }

 private:
  /// A mark comes before the blocks it stands for; those are leapt over.
  engine::ScanStep Visit(std::string_view key, std::string_view value,
                         std::vector<std::string>& names) const {
    const std::string_view id = blob::BlockIdOfKey(key);
    if (id.empty()) {
      const auto mark = blob::StagedBlock::Decode(value);
      if (!mark) {
        spdlog::error("uncommitted blocks of {}: {}", blob::NameOfKey(key), mark.error().detail);
      } else if (mark->staged < limit_) {
        names.push_back(mark->entry.empty() ? std::string(blob::NameOfKey(key))
                                            : blob::InternalName(mark->entry));
      }
    }
    key.remove_suffix(id.size());
    return engine::ScanStep::Seek(blob::PrefixEnd(std::string(key)));
  }

  Services& services_;
  const engine::PartitionRef partition_;
  const Time limit_;
  std::string from_ = "u";
  const std::string end_ = blob::PrefixEnd("u");
};

Task<azure::Outcome<bool>> TryExpire(Services& services, const Target& target,
                                     const StagedBlocks& staged) {
  engine::Batch batch;
  ReferenceSet none;
  DropStagedBlocks(target, staged, batch, none);
  if (target.exists() || target.blob->remains != blob::Remains::kNone) {
    blob::BlobRecord record = *target.blob;
    record.staged_id_length = 0;
    batch.puts.push_back({target.key, record.Encode()});
  } else {
    batch.deletes.push_back(target.key);
  }
  co_return co_await CommitTarget(services, target, std::move(batch));
}

/// A Put Block that came since the scan keeps them all.
Task<azure::Outcome<void>> ExpireBlob(Services& services, azure::Resource blob, Time limit) {
  for (CommitLoop loop; loop.Again();) {
    BG_CO_TRY(const auto target, co_await LoadTarget(services, blob));
    BG_CO_TRY(const auto staged, co_await LoadStagedBlocks(services, target));
    if (!staged.unchanged || staged.newest >= limit) co_return azure::Outcome<void>();
    BG_CO_TRY(const bool done, co_await TryExpire(services, target, staged));
    if (!done) continue;
    spdlog::info("{} uncommitted blocks of {}/{}/{} expired", staged.blocks.size(), blob.account,
                 blob.container, blob.blob);
    co_return azure::Outcome<void>();
  }
  co_return azure::Fail(Busy());
}

Task<Status> ExpirePartition(Services& services, azure::Resource container,
                             engine::PartitionRef partition, Time limit) {
  ExpiredNames expired(services, partition, limit);
  for (;;) {
    BG_CO_TRY(const auto names, co_await expired.Next());
    if (names.empty()) co_return Status();
    for (const std::string& name : names) {
      if (co_await Stopped()) co_return Fail(Errc::kCancelled);
      container.blob = name;
      const auto done = co_await ExpireBlob(services, container, limit);
      if (done) continue;
      spdlog::warn("uncommitted blocks of {}/{}/{} stay: {}", container.account,
                   container.container, name, azure::InfoOf(done.error().code).code);
    }
  }
}

}  // namespace

Task<Status> ExpireStagedBlocks(Services& services, std::vector<std::string> accounts) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  const Time limit = services.clock.Now() - kStagedLifetime;
  for (const std::string& account : accounts) {
    BG_CO_TRY(const auto containers, co_await ContainersOf(services, account));
    for (const ContainerName& container : containers) {
      const std::string space = blob::ContainerSpace(container.incarnation);
      BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
      azure::Resource resource;
      resource.account = account;
      resource.container = container.name;
      for (const auto& partition : partitions) {
        BG_CO_CHECK(co_await ExpirePartition(services, resource, partition, limit));
      }
    }
  }
  co_return Status();
}

void SpawnStagedExpiry(Services& services) {
  auto pass = [&services] { return ExpireStagedBlocks(services, services.accounts->Names()); };
  SpawnRepeated(services, "expiry of uncommitted blocks", kInterval, std::move(pass));
}

}  // namespace blobgate::operations
