#include "engine/local/local_engine.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "engine/contract/check.h"
#include "engine/local/ballast.h"
#include "engine/local/catalog_db.h"
#include "engine/local/catalog_guard.h"
#include "engine/local/commit_mark.h"
#include "engine/local/committer.h"
#include "engine/local/data_dir.h"
#include "engine/local/extent_reader.h"
#include "engine/local/local_catalog.h"
#include "engine/local/local_extent_writer.h"
#include "engine/local/reclaimer.h"
#include "engine/local/recovery.h"
#include "engine/local/rewriter.h"
#include "engine/local/row_cache.h"
#include "engine/local/scrubber.h"
#include "engine/local/segment_allocator.h"
#include "engine/local/snapshot.h"

namespace blobgate::engine {
namespace {

class LocalExtents final : public ExtentStore {
 public:
  LocalExtents(SegmentAllocator& allocator, ExtentReader& reader, SpaceGate& gate,
               WriterContext& context)
      : allocator_(allocator), reader_(reader), gate_(gate), context_(context) {}

  Task<Result<std::unique_ptr<ExtentWriter>>> Create(std::uint64_t length) override {
    BG_CO_CHECK(CheckExtentLength(length));
    BG_CO_CHECK(context_.state.CheckWritable());
    BG_CO_CHECK(co_await gate_.Admit(StoredLength(length)));
    BG_CO_TRY(Reservation reservation, co_await allocator_.Reserve(length));
    co_return std::make_unique<LocalExtentWriter>(context_, std::move(reservation), length);
  }

  void Discard(const ExtentRef& ref) override {
    if (!context_.segments.TakeFresh(ref)) return;
    context_.logged.Forget({ref.space, ref.position});
    context_.garbage.Push({{{ref.space, ref.position}, StoredLength(ref.length), false}});
  }

  ReadGuard BeginRead() override { return context_.garbage.BeginRead(); }

  ReadGuard Narrow(ReadGuard guard, const std::vector<ExtentRef>& extents) override {
    std::vector<Place> births;
    births.reserve(extents.size());
    for (const ExtentRef& ref : extents) births.push_back({ref.space, ref.position});
    ReadGuard pin = context_.garbage.Pin(std::move(births));
    guard.reset();  // not before
    return pin;
  }

  Task<Result<SharedBytes>> Read(const ExtentRef& ref, std::uint64_t offset,
                                 std::uint64_t length) override {
    return reader_.Read(ref, offset, length);
  }
  std::optional<SharedBytes> ReadCached(const ExtentRef& ref, std::uint64_t offset,
                                        std::uint64_t length) override {
    return reader_.ReadCached(ref, offset, length);
  }

 private:
  SegmentAllocator& allocator_;
  ExtentReader& reader_;
  SpaceGate& gate_;
  WriterContext& context_;
};

/// Members in the order they are built; the destructor ends the threads in the other order.
class LocalEngine final : public Engine {
 public:
  LocalEngine(const LocalOptions& options, std::unique_ptr<DataDir> dir,
              std::unique_ptr<Ballast> ballast, std::unique_ptr<CatalogDb> db, Disk& disk)
      : dir_(std::move(dir)),
        ballast_(std::move(ballast)),
        db_(std::move(db)),
        mark_(disk, dir_->path()),
        state_(disk, options.data_dir, options.reserve_bytes),
        segments_(options.segment_bytes),
        paths_(disk, dir_->segments()),
        files_(paths_, SegmentFiles::Way::kPageCache, options.max_open_segments),
        direct_files_(paths_, SegmentFiles::Way::kDirect, options.max_open_segments),
        pool_(options.io_threads),
        write_pool_(options.io_threads),
        logged_(state_, options.logged_wait),
        rows_(options.row_cache_bytes()),
        committer_(*db_, rows_, segments_, places_, garbage_, logged_, state_, mark_, *ballast_),
        partitions_(*db_, committer_, pool_),
        gate_(state_, garbage_),
        catalog_(*db_, rows_, committer_, partitions_, state_, gate_, pool_),
        allocator_(paths_, segments_, committer_, garbage_, state_, pool_, options.large_writers,
                   options.direct_io),
        locator_(*db_, segments_, places_, pool_),
        reader_(locator_, logged_,
                SegmentReader(segments_, files_, options.direct_io ? &direct_files_ : nullptr, disk,
                              state_, pool_),
                state_, options.read_cache_bytes),
        context_{segments_, garbage_, logged_, state_, write_pool_, {}},
        extents_(allocator_, reader_, gate_, context_),
        scrub_rate_(options.scrub_bytes_per_second),
        scrub_interval_(options.scrub_interval) {}

  ~LocalEngine() override {
    rewriter_.reset();
    allocator_.CloseAll();
    write_pool_.join();
    pool_.join();
    logged_.Stop();
    if (scrubber_) scrubber_->Stop();
    if (reclaimer_) reclaimer_->Stop();
    committer_.Stop();
    if (!state_.read_only()) db_->Flush();
    mark_.Sync();
  }

  Status Start(const LocalOptions& options) {
    const auto started = std::chrono::steady_clock::now();
    BG_CHECK(Recover({*db_, committer_, segments_, garbage_, paths_, *ballast_}));
    BG_CHECK(dir_->Require(3));
    logged_.Start(committer_);
    BG_CHECK(partitions_.Load());
    auto forget = [this](std::uint64_t segment) {
      files_.Forget(segment);
      direct_files_.Forget(segment);
    };
    reclaimer_ = std::make_unique<Reclaimer>(paths_, segments_, places_, garbage_, logged_,
                                             committer_, state_, std::move(forget));
    if (scrub_rate_ > 0) {
      scrubber_ = std::make_unique<Scrubber>(*db_, paths_, garbage_, logged_, committer_,
                                             scrub_rate_, scrub_interval_);
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    recovery_seconds_ = took.count();
    Rewriter::Parts parts{*db_, paths_, segments_, allocator_, garbage_, committer_, state_};
    rewriter_ = std::make_unique<Rewriter>(
        parts, RewritePolicy{options.rewrite_bytes_per_second, options.rewrite_live_percent});
    return {};
  }

  Catalog& catalog() override { return catalog_; }
  ExtentStore& extents() override { return extents_; }
  GarbageQueue& garbage() { return garbage_; }
  LoggedExtents& logged() { return logged_; }
  Rewriter& rewriter() { return *rewriter_; }
  ExtentLocator& locator() { return locator_; }
  Scrubber* scrubber() { return scrubber_.get(); }  ///< null: off

  SnapshotParts snapshot_parts() { return {*db_, paths_, segments_, garbage_, logged_}; }

  EngineStats Stats() const override {
    const Segments::Totals totals = segments_.GetTotals(rewriter_->Percent());
    EngineStats stats;
    stats.segments = totals.segments;
    stats.segment_bytes = totals.bytes;
    stats.live_bytes = totals.live;
    stats.disk_free_bytes = state_.FreeBytes();
    std::error_code unknown;
    stats.disk_size_bytes = std::filesystem::space(dir_->path(), unknown).capacity;
    if (unknown) stats.disk_size_bytes = 0;
    stats.commits = committer_.commits();
    stats.commit_groups = committer_.groups();
    stats.corruption_errors = state_.corruptions();
    stats.recovery_seconds = recovery_seconds_;
    stats.read_only = state_.read_only();
    stats.garbage_bytes = garbage_.pending_bytes();
    stats.reclaimed_bytes = reclaimer_->reclaimed_bytes();
    stats.holes_punched = reclaimer_->holes();
    stats.rewritten_segments = rewriter_->segments_rewritten();
    stats.rewritten_bytes = rewriter_->bytes_moved();
    stats.sparse_segments = totals.sparse;
    stats.sparse_live_bytes = totals.sparse_live;
    state_.syncs().commit_batches.AddTo(stats.commit_batches);
    state_.syncs().commit_time.AddTo(stats.commit_time);
    state_.syncs().segment_writers.AddTo(stats.segment_writers);
    state_.syncs().segment_time.AddTo(stats.segment_time);
    if (scrubber_) {
      const ScrubProgress scrub = scrubber_->progress();
      stats.scrubbed_bytes = scrubber_->bytes();
      stats.damaged_extents = scrub.damaged;
      stats.last_scrub = scrub.ended;
      stats.scrub_running = scrub.running;
      stats.scrub_pass_bytes = scrub.bytes;
    }
    return stats;
  }

  Status Health() const override {
    BG_CHECK(state_.CheckWritable());
    return state_.CheckReserve();
  }

 private:
  const std::unique_ptr<DataDir> dir_;
  const std::unique_ptr<Ballast> ballast_;
  const std::unique_ptr<CatalogDb> db_;
  CommitMark mark_;
  StoreState state_;
  Segments segments_;
  Places places_;
  GarbageQueue garbage_;
  const SegmentPaths paths_;
  SegmentFiles files_;
  SegmentFiles direct_files_;
  boost::asio::thread_pool pool_;
  boost::asio::thread_pool write_pool_;  ///< pieces of content, so that nothing else waits for them
  LoggedExtents logged_;
  RowCache rows_;
  Committer committer_;
  PartitionMap partitions_;
  SpaceGate gate_;
  LocalCatalog catalog_;
  SegmentAllocator allocator_;
  ExtentLocator locator_;
  ExtentReader reader_;
  WriterContext context_;
  LocalExtents extents_;
  const std::uint64_t scrub_rate_;
  const std::chrono::seconds scrub_interval_;
  std::unique_ptr<Reclaimer> reclaimer_;
  std::unique_ptr<Rewriter> rewriter_;
  std::unique_ptr<Scrubber> scrubber_;
  double recovery_seconds_ = 0;
};

}  // namespace

Result<std::unique_ptr<Engine>> OpenLocalEngine(const LocalOptions& options) {
  const auto started = std::chrono::steady_clock::now();
  BG_TRY(auto dir, DataDir::Open(options.data_dir));
  Disk& disk = options.disk ? *options.disk : SystemDisk();
  auto ballast = std::make_unique<Ballast>(dir->ballast(), options.ballast_bytes);
  ballast->Release(disk.FreeBytes(options.data_dir), CatalogDb::SpaceToOpen(dir->catalog()));
  BG_CHECK(CheckCatalogIsWhole(options, *dir));
  BG_TRY(auto db, CatalogDb::Open(options, dir->catalog()));
  auto engine = std::make_unique<LocalEngine>(options, std::move(dir), std::move(ballast),
                                              std::move(db), disk);
  BG_CHECK(engine->Start(options));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  spdlog::info("store {} open after {:.3f} s, {} segments, {} bytes live", options.data_dir,
               took.count(), engine->Stats().segments, engine->Stats().live_bytes);
  return std::unique_ptr<Engine>(std::move(engine));
}

void WaitUntilReclaimed(Engine& engine) {
  static_cast<LocalEngine&>(engine).garbage().WaitIdle();
}

bool WriteWhatWaits(Engine& engine) {
  return static_cast<LocalEngine&>(engine).logged().Settle();
}

void RewriteSparseSegments(Engine& engine) {
  while (static_cast<LocalEngine&>(engine).rewriter().RewriteOne(/*at_once=*/true)) {
  }
}

Result<ExtentRef> PresentPlace(Engine& engine, const ExtentRef& ref) {
  BG_TRY(const Place place, static_cast<LocalEngine&>(engine).locator().LocateNow(ref));
  ExtentRef present = ref;
  present.space = place.segment;
  present.position = place.position;
  return present;
}

Status RequestScrub(Engine& engine) {
  Scrubber* scrubber = static_cast<LocalEngine&>(engine).scrubber();
  if (scrubber == nullptr) return Fail(Errc::kInvalidArgument, "scrubbing is off");
  scrubber->Request();
  return {};
}

Status RunScrub(Engine& engine) {
  Scrubber* scrubber = static_cast<LocalEngine&>(engine).scrubber();
  if (scrubber == nullptr) return Fail(Errc::kInvalidArgument, "scrubbing is off");
  if (!scrubber->RunPass()) return Fail(Errc::kCancelled);
  return {};
}

Result<SnapshotReport> TakeSnapshot(Engine& engine, const std::string& target,
                                    const std::stop_token& stop) {
  return MakeSnapshot(static_cast<LocalEngine&>(engine).snapshot_parts(), target, stop);
}

}  // namespace blobgate::engine
