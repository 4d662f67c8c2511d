#include "operations/leftovers.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/this_coro.hpp>
#include <chrono>
#include <utility>

#include "blob/keys.h"
#include "blob/page_layers.h"
#include "blob/records.h"
#include "operations/blob_store.h"
#include "operations/page/chunk_references.h"
#include "operations/repeat.h"

namespace blobgate::operations {
namespace {

using engine::Precondition;

/// Rows that one batch takes.
constexpr std::size_t kRows = 200;
/// A merged chunk whose row is longer than this, bytes, gets its small extents gathered.
constexpr std::size_t kLongRow = 32 * 1024;
constexpr std::chrono::milliseconds kLongestRest{100};

struct FoundRow {
  std::string key;
  engine::Row row;
};

/// What one batch is going to do.
struct Work {
  engine::Batch batch;
  std::vector<engine::ExtentRef> fresh;  ///< written for it
  bool last = false;                     ///< nothing remains: the leftover row goes with it
};

/// One lineage whose leftovers are collected.
class LineageCollection {
 public:
  LineageCollection(Services& services, Leftover leftover)
      : services_(services), leftover_(std::move(leftover)) {}

  Task<Status> Run() {
    const std::string key = blob::LeftoverKey(leftover_.name, leftover_.lineage);
    for (;;) {
      const auto began = std::chrono::steady_clock::now();
      BG_CO_TRY(partition_, co_await services_.catalog().Locate(leftover_.space, leftover_.name));
      const engine::ReadGuard guard = services_.extents().BeginRead();
      BG_CO_TRY(const auto mark, co_await services_.catalog().Get(partition_, key));
      if (!mark) co_return Status();
      BG_CO_TRY(Work work, co_await Plan(mark->value));
      if (work.last) {
        work.batch.preconditions.push_back(Precondition::At(key, mark->version));
        work.batch.deletes.push_back(key);
      }
      const bool last = work.last;
      const Status done = co_await services_.catalog().Commit(partition_, std::move(work.batch));
      if (!done) {
        for (const auto& ref : work.fresh) services_.extents().Discard(ref);
        if (!Moved(done)) co_return done;
      }
      if (done && last) co_return Status();
      if (!co_await RestAfter(began, kLongestRest)) co_return Fail(Errc::kCancelled);
    }
  }

 private:
  static bool Moved(const Status& status) {
    const Errc code = status.error().code;
    return code == Errc::kConflict || code == Errc::kPartitionMoved || code == Errc::kExtentGone;
  }

  Task<Result<Work>> Plan(const std::string& kind) {
    if (kind == kAppendLeftover) co_return co_await PlanAppend();
    if (kind == kPageLeftover) co_return co_await PlanPages();
    co_return Fail(Errc::kCorruption, "unknown kind of leftover");
  }

  /// The lineage's row, and that it must not change.
  Task<Result<std::optional<engine::Row>>> LoadLineage(const std::string& key, Work& work) {
    BG_CO_TRY(auto row, co_await services_.catalog().Get(partition_, key));
    work.batch.preconditions.push_back(Precondition::Unchanged(key, row));
    co_return row;
  }

  /// Where to leap to instead of taking the row.
  using Leap = std::function<std::optional<std::string>(std::string_view key)>;

  /// Up to kRows rows from `from` on.
  Task<Result<std::vector<FoundRow>>> NextRows(std::string from, std::string end,
                                               const Leap& seek = nullptr) {
    std::vector<FoundRow> rows;
    engine::ScanVisitor visitor = [&rows, &seek](std::string_view key, std::string_view value,
                                                 engine::RowVersion version) {
      if (seek) {
        if (auto to = seek(key)) return engine::ScanStep::Seek(std::move(*to));
      }
      rows.push_back({std::string(key), {std::string(value), version}});
      return rows.size() < kRows ? engine::ScanStep::Next() : engine::ScanStep::Stop();
    };
    BG_CO_CHECK(co_await services_.catalog().Scan(partition_, std::move(from), std::move(end),
                                                  std::move(visitor)));
    co_return rows;
  }

  static void Delete(const FoundRow& row, engine::Batch& batch) {
    batch.preconditions.push_back(Precondition::At(row.key, row.row.version));
    batch.deletes.push_back(row.key);
  }

  Task<Result<Work>> PlanAppend() {
    Work work;
    const std::string key = blob::AppendPrefix(leftover_.name, leftover_.lineage);
    BG_CO_TRY(const auto row, co_await LoadLineage(key, work));
    blob::AppendLineage lineage;
    if (row) {
      BG_CO_TRY(lineage, blob::AppendLineage::Decode(row->value));
    }
    std::vector<FoundRow> rows;
    if (!lineage.base) {
      const std::uint64_t needed = lineage.snapshots.empty() ? 0 : lineage.snapshots.back();
      BG_CO_TRY(rows,
                co_await NextRows(blob::AppendKey(leftover_.name, leftover_.lineage, needed + 1),
                                  blob::PrefixEnd(key)));
    }
    for (const FoundRow& found : rows) {
      BG_CO_TRY(const auto block, blob::AppendedBlock::Decode(found.row.value));
      Delete(found, work.batch);
      for (const auto& slice : block.block.slices) work.batch.releases.push_back(slice.extent);
    }
    work.last = rows.size() < kRows;
    // Without snapshots the row says nothing: either all rows are gone, or the base needs them all.
    if (work.last && row && lineage.snapshots.empty()) work.batch.deletes.push_back(key);
    co_return work;
  }

  Task<Result<Work>> PlanPages() {
    Work work;
    const std::string key = blob::PagePrefix(leftover_.name, leftover_.lineage);
    BG_CO_TRY(const auto row, co_await LoadLineage(key, work));
    blob::PageLineage lineage;
    if (row) {
      BG_CO_TRY(lineage, blob::PageLineage::Decode(row->value));
    }
    BG_CO_TRY(const bool strays, co_await DropStrays(key, lineage, work));
    if (strays) co_return work;
    const auto step = lineage.NextStep();
    if (!step) {
      work.last = true;
      co_return work;
    }
    BG_CO_TRY(const bool rows, co_await MoveChunks(lineage, *step, work));
    if (rows) co_return work;
    lineage.Finish(*step);
    if (lineage.layers.empty()) {
      work.batch.deletes.push_back(key);
    } else {
      work.batch.puts.push_back({key, lineage.Encode()});
    }
    co_return work;
  }

  /// Chunks of layers that the lineage does not know: of a copy that was cut short. False: none.
  Task<Result<bool>> DropStrays(const std::string& key, const blob::PageLineage& lineage,
                                Work& work) {
    const Leap seek = [&](std::string_view row) -> std::optional<std::string> {
      const auto name = blob::NameOfPageChunkKey(row);
      if (!name || lineage.Find(name->layer) == nullptr) return std::nullopt;
      return blob::PrefixEnd(blob::PageLayerPrefix(leftover_.name, leftover_.lineage, name->layer));
    };
    BG_CO_TRY(const auto rows, co_await NextRows(key + '\x02', blob::PrefixEnd(key), seek));
    for (const FoundRow& found : rows) {
      BG_CO_TRY(const auto chunk, blob::PageChunk::Decode(found.row.value));
      Delete(found, work.batch);
      ChangeReferences(chunk.Extents(), {}, work.batch);
    }
    co_return !rows.empty();
  }

  /// Chunks of the layer `step.from` go where they belong. False: it has none.
  Task<Result<bool>> MoveChunks(const blob::PageLineage& lineage,
                                const blob::PageLineage::Step& step, Work& work) {
    const std::string prefix = blob::PageLayerPrefix(leftover_.name, leftover_.lineage, step.from);
    BG_CO_TRY(const auto rows, co_await NextRows(prefix, blob::PrefixEnd(prefix)));
    for (const FoundRow& found : rows) {
      BG_CO_CHECK(co_await MoveChunk(lineage, step, found, work));
    }
    co_return !rows.empty();
  }

  Task<Status> MoveChunk(const blob::PageLineage& lineage, const blob::PageLineage::Step& step,
                         const FoundRow& found, Work& work) {
    BG_CO_TRY(const auto below, blob::PageChunk::Decode(found.row.value));
    const auto name = blob::NameOfPageChunkKey(found.key);
    if (!name) co_return Fail(Errc::kCorruption, "no key of a chunk of pages");
    Delete(found, work.batch);
    std::vector<engine::ExtentRef> before = below.Extents();
    if (!step.into) {
      ChangeReferences(std::move(before), {}, work.batch);
      co_return Status();
    }
    const std::string key =
        blob::PageChunkKey(leftover_.name, leftover_.lineage, *step.into, name->chunk);
    BG_CO_TRY(const auto row, co_await services_.catalog().Get(partition_, key));
    blob::PageChunk above;
    if (row) {
      BG_CO_TRY(above, blob::PageChunk::Decode(row->value));
    }
    blob::PageChunk merged = MergeChunk(lineage, step, name->chunk, &below, &above);
    std::string value = merged.Encode();
    if (value.size() > kLongRow) {
      BG_CO_TRY(const auto gathered, co_await GatherChunk(services_, merged));
      if (gathered) work.fresh.push_back(*gathered);
      value = merged.Encode();
    }
    work.batch.preconditions.push_back(Precondition::Unchanged(key, row));
    if (merged.empty()) {
      work.batch.deletes.push_back(key);
    } else {
      work.batch.puts.push_back({key, std::move(value)});
    }
    const auto also = above.Extents();
    before.insert(before.end(), also.begin(), also.end());
    ChangeReferences(std::move(before), merged.Extents(), work.batch);
    co_return Status();
  }

  Services& services_;
  const Leftover leftover_;
  engine::PartitionRef partition_;
};

Task<void> CollectUntilDone(Services& services, Leftover leftover) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  std::chrono::seconds pause(1);
  for (;;) {
    const Status status = co_await CollectLeftover(services, leftover);
    if (status || status.error().code == Errc::kCancelled) co_return;
    spdlog::warn("leftovers of {} are not removed yet: {} {}", leftover.name,
                 ErrcName(status.error().code), status.error().detail);
    if (!MayPass(status.error().code)) co_return;
    if (!co_await Pause(pause)) co_return;
    pause = std::min(pause * 2, std::chrono::seconds(300));
  }
}

/// The leftovers in one partition of a container.
Task<Result<std::vector<Leftover>>> LeftoversOf(Services& services, engine::PartitionRef partition,
                                                std::string space) {
  std::vector<Leftover> found;
  engine::ScanVisitor visitor = [&](std::string_view key, std::string_view, engine::RowVersion) {
    const auto lineage = blob::LineageOfKey(key);
    if (lineage) found.push_back({space, std::string(blob::NameOfKey(key)), *lineage});
    return engine::ScanStep::Next();
  };
  BG_CO_CHECK(co_await services.catalog().Scan(partition, "w", "x", std::move(visitor)));
  co_return found;
}

/// The name spaces of an account's containers.
Task<Result<std::vector<std::string>>> SpacesOf(Services& services, std::string account) {
  std::vector<std::string> spaces;
  const std::string prefix = blob::ContainerKey({});
  const std::string space = blob::AccountSpace(account);
  BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
  for (const auto& partition : partitions) {
    engine::ScanVisitor visitor = [&](std::string_view, std::string_view value,
                                      engine::RowVersion) {
      const auto record = blob::ContainerRecord::Decode(value);
      if (record) spaces.push_back(blob::ContainerSpace(record->incarnation));
      return engine::ScanStep::Next();
    };
    BG_CO_CHECK(co_await services.catalog().Scan(partition, prefix, blob::PrefixEnd(prefix),
                                                 std::move(visitor)));
  }
  co_return spaces;
}

}  // namespace

Task<Status> CollectLeftover(Services& services, Leftover leftover) {
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  LineageCollection collection(services, std::move(leftover));
  co_return co_await collection.Run();
}

void SpawnLeftover(Services& services, Leftover leftover) {
  auto task = [&services, leftover = std::move(leftover)]() mutable {
    return CollectUntilDone(services, std::move(leftover));
  };
  services.background.Spawn("collect-leftover", std::move(task));
}

std::vector<Leftover> LeftoversIn(const engine::Batch& batch, const std::string& space) {
  std::vector<Leftover> found;
  for (const engine::RowPut& put : batch.puts) {
    if (!put.key.starts_with('w')) continue;
    const auto lineage = blob::LineageOfKey(put.key);
    if (lineage) found.push_back({space, std::string(blob::NameOfKey(put.key)), *lineage});
  }
  return found;
}

Task<Status> ResumeLeftovers(Services& services, std::vector<std::string> accounts) {
  for (const std::string& account : accounts) {
    BG_CO_TRY(const auto spaces, co_await SpacesOf(services, account));
    for (const std::string& space : spaces) {
      BG_CO_TRY(const auto partitions, co_await services.catalog().PartitionsOf(space));
      for (const auto& partition : partitions) {
        BG_CO_TRY(auto found, co_await LeftoversOf(services, partition, space));
        for (Leftover& leftover : found) SpawnLeftover(services, std::move(leftover));
      }
    }
  }
  co_return Status();
}

}  // namespace blobgate::operations
