// Random steps on the layers of a page blob beside a model that keeps, for every page of every
// state, which write it is from. The rows go through their encoding at every step, chunks move
// between layers one at a time and at any moment, and extents are known by what was written into
// them, so that a page in the wrong place is noticed as well as one too many.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "blob/page_layers.h"
#include "support/random_steps.h"

namespace blobgate::blob {
namespace {

constexpr std::uint32_t kChunks = 3;
constexpr std::uint32_t kPages = kChunks * kPagesInChunk;
constexpr std::size_t kSnapshots = 6;

/// The write that each page is from; 0: none.
using Model = std::vector<std::uint32_t>;

struct State {
  std::uint64_t layer = 0;
  Model pages;
};

struct Pages {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};

class PageMap {
 public:
  explicit PageMap(std::uint32_t seed) : random_(seed) {
    PageLineage lineage = PageLineage::New();
    base_ = {lineage.layers.back().number, Model(kPages, 0)};
    Store(lineage);
  }

  void Step() {
    const std::uint32_t die = Below(1000);
    if (die < 430) {
      Write();
    } else if (die < 620) {
      Clear(RandomPages());
    } else if (die < 625) {
      Cut();
    } else if (die < 640) {
      Snapshot();
    } else if (die < 660) {
      DeleteSnapshot();
    } else if (die < 760) {
      Collect();
    } else if (die < 900) {
      CheckRanges(RandomState(), RandomPages());
    } else if (die < 999) {
      CheckDiff();
    } else {
      CheckAll();
    }
  }

  void CheckAll() {
    CheckRanges(base_, {0, kPages});
    for (const State& snapshot : snapshots_) CheckRanges(snapshot, {0, kPages});
  }

  /// Deletes everything; nothing may remain.
  void Finish() {
    while (!snapshots_.empty()) DeleteSnapshot();
    PageLineage lineage = Load();
    lineage.Disown(base_.layer);
    Store(lineage);
    while (!Load().layers.empty()) Collect();
    EXPECT_TRUE(rows_.empty());
  }

  std::size_t most_layers() const { return most_layers_; }
  std::size_t gathers() const { return gathers_; }

 private:
  using Place = std::pair<std::uint64_t, std::uint32_t>;

  std::uint32_t Below(std::uint32_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, limit - 1)(random_);
  }

  /// Mostly a few pages about the bounds of chunks, so that writes meet; sometimes a lot.
  Pages RandomPages() {
    const std::uint32_t length = Below(50) == 0 ? 1 + Below(kPages) : 1 + Below(12);
    const std::uint32_t near = Below(kChunks + 1) * kPagesInChunk;
    const std::uint32_t around = near + Below(48);
    const std::uint32_t first =
        std::min(around < 24 ? 0 : around - 24, kPages - std::min(length, kPages));
    return {first, std::min(first + length, kPages)};
  }

  const State& RandomState() {
    const std::uint32_t which = Below(static_cast<std::uint32_t>(snapshots_.size()) + 2);
    return which < snapshots_.size() ? snapshots_[which] : base_;
  }

  PageLineage Load() {
    auto lineage = PageLineage::Decode(lineage_);
    EXPECT_TRUE(lineage);
    return *lineage;
  }
  void Store(const PageLineage& lineage) {
    most_layers_ = std::max(most_layers_, lineage.layers.size());
    lineage_ = lineage.Encode();
  }

  PageChunk Row(Place place) {
    const auto row = rows_.find(place);
    if (row == rows_.end()) return {};
    auto chunk = PageChunk::Decode(row->second);
    EXPECT_TRUE(chunk);
    return *chunk;
  }
  void PutRow(Place place, PageChunk chunk) {
    if (const auto runs = PlanGather(chunk); !runs.empty()) GatherRuns(chunk, runs);
    EXPECT_LE(chunk.Extents().size(), kMaxExtents);
    if (chunk.empty()) {
      rows_.erase(place);
    } else {
      rows_[place] = chunk.Encode();
    }
  }

  engine::ExtentRef NewExtent(std::vector<std::uint32_t> writes) {
    const engine::ExtentRef ref{1, ++last_extent_, writes.size() * kPageSize, 0};
    extents_[ref.position] = std::move(writes);
    return ref;
  }

  std::uint32_t WriteOf(const PageRun& run, std::uint32_t page) {
    const auto& writes = extents_.at(run.extent.position);
    return writes.at(run.offset / kPageSize + (page - run.first));
  }

  void GatherRuns(PageChunk& chunk, const std::vector<PageRun>& runs) {
    ++gathers_;
    std::vector<std::uint32_t> writes;
    for (const PageRun& run : runs) {
      for (std::uint32_t page = run.first; page < run.end(); ++page) {
        writes.push_back(WriteOf(run, page));
      }
    }
    EXPECT_LE(writes.size(), kPagesInChunk);
    Gather(chunk, runs, NewExtent(std::move(writes)));
  }

  /// Calls `use(chunk, first page in it, end page in it)` for every chunk that `pages` reach.
  template <class Use>
  static void ForEachChunk(Pages pages, Use use) {
    while (pages.first < pages.end) {
      const std::uint32_t chunk = pages.first / kPagesInChunk;
      const std::uint32_t end = std::min(pages.end, (chunk + 1) * kPagesInChunk);
      use(chunk, pages.first - chunk * kPagesInChunk, end - chunk * kPagesInChunk);
      pages.first = end;
    }
  }

  void Write() {
    const Pages pages = RandomPages();
    const std::uint32_t id = ++last_write_;
    const auto extent = NewExtent(std::vector<std::uint32_t>(pages.end - pages.first, id));
    std::uint64_t offset = 0;
    ForEachChunk(pages, [&](std::uint32_t number, std::uint32_t first, std::uint32_t end) {
      PageChunk chunk = Row({base_.layer, number});
      PageRun run;
      run.first = first;
      run.count = end - first;
      run.extent = extent;
      run.offset = offset;
      chunk.Put(run);
      offset += run.count * kPageSize;
      PutRow({base_.layer, number}, std::move(chunk));
    });
    std::fill(base_.pages.begin() + pages.first, base_.pages.begin() + pages.end, id);
  }

  void Clear(Pages pages) {
    const bool below = Load().HasBelow(base_.layer);
    ForEachChunk(pages, [&](std::uint32_t number, std::uint32_t first, std::uint32_t end) {
      PageChunk chunk = Row({base_.layer, number});
      PageRun run;
      run.first = first;
      run.count = end - first;
      run.cleared = true;
      if (below) {
        chunk.Put(run);
      } else {
        chunk.Erase(run.first, run.count);
      }
      PutRow({base_.layer, number}, std::move(chunk));
    });
    std::fill(base_.pages.begin() + pages.first, base_.pages.begin() + pages.end, 0);
  }

  /// Cuts the blob to `chunk` chunks by a layer that hides the rest.
  void Cut() {
    const std::uint32_t chunk = Below(kChunks);
    PageLineage lineage = Load();
    const std::uint64_t old = base_.layer;
    base_.layer = lineage.Freeze();
    lineage.Find(base_.layer)->Hide({chunk, kChunksEnd});
    EXPECT_TRUE(lineage.Disown(old));
    Store(lineage);
    std::fill(base_.pages.begin() + chunk * kPagesInChunk, base_.pages.end(), 0);
  }

  void Snapshot() {
    if (snapshots_.size() == kSnapshots) return;
    PageLineage lineage = Load();
    snapshots_.push_back(base_);
    base_.layer = lineage.Freeze();
    Store(lineage);
  }

  /// The oldest, the newest or one in the middle.
  void DeleteSnapshot() {
    if (snapshots_.empty()) return;
    const auto which = snapshots_.begin() + Below(static_cast<std::uint32_t>(snapshots_.size()));
    PageLineage lineage = Load();
    EXPECT_TRUE(lineage.Disown(which->layer));
    Store(lineage);
    snapshots_.erase(which);
  }

  /// One chunk moves, or one layer that has no chunks any more goes.
  void Collect() {
    PageLineage lineage = Load();
    const auto step = lineage.NextStep();
    if (!step) return;
    const auto row = rows_.lower_bound({step->from, 0});
    if (row == rows_.end() || row->first.first != step->from) {
      lineage.Finish(*step);
      Store(lineage);
      return;
    }
    const std::uint32_t number = row->first.second;
    if (step->into) {
      const PageChunk below = Row(row->first);
      const PageChunk above = Row({*step->into, number});
      PutRow({*step->into, number}, MergeChunk(lineage, *step, number, &below, &above));
    }
    rows_.erase({step->from, number});
  }

  PageChunk View(const State& state, std::uint32_t number) {
    ChunkRows rows;
    const PageLineage lineage = Load();
    for (const PageLayer& layer : lineage.layers) {
      if (rows_.contains({layer.number, number})) {
        rows.emplace(layer.number, Row({layer.number, number}));
      }
    }
    return ViewChunk(lineage, state.layer, number, rows);
  }

  /// What the view says of pages [first, end) of a chunk.
  Model PagesOf(const PageChunk& view) {
    Model pages(kPagesInChunk, 0);
    for (const PageRun& run : view.runs()) {
      EXPECT_FALSE(run.cleared);
      for (std::uint32_t page = run.first; page < run.end(); ++page) {
        pages[page] = WriteOf(run, page);
      }
    }
    return pages;
  }

  void CheckRanges(const State& state, Pages pages) {
    ForEachChunk(pages, [&](std::uint32_t number, std::uint32_t first, std::uint32_t end) {
      const PageChunk view = View(state, number);
      const auto model = state.pages.begin() + number * kPagesInChunk;
      auto run = view.runs().begin();
      for (std::uint32_t page = first; page < end; ++page) {
        while (run != view.runs().end() && run->end() <= page) ++run;
        const bool written = run != view.runs().end() && run->first <= page;
        ASSERT_EQ(written ? WriteOf(*run, page) : 0, model[page]) << "page " << page;
      }
    });
  }

  void CheckDiff() {
    if (snapshots_.empty()) return;
    const std::size_t older = Below(static_cast<std::uint32_t>(snapshots_.size()));
    const bool with_base = older + 1 == snapshots_.size() || Below(2) == 0;
    const State& now = with_base ? base_ : snapshots_[older + 1];
    const State& then = snapshots_[older];
    const std::uint32_t number = Below(kChunks);
    const auto changes = DiffChunk(View(now, number), View(then, number), then.layer);
    auto change = changes.begin();
    const std::uint32_t base = number * kPagesInChunk;
    const Pages pages = Below(20) == 0 ? Pages{0, kPagesInChunk} : Pages{0, 64};
    for (std::uint32_t page = pages.first; page < pages.end; ++page) {
      while (change != changes.end() && change->first + change->count <= page) ++change;
      const bool changed = change != changes.end() && change->first <= page;
      const std::uint32_t new_id = now.pages[base + page];
      const std::uint32_t old_id = then.pages[base + page];
      ASSERT_EQ(changed, new_id != old_id) << "page " << page;
      if (changed) {
        ASSERT_EQ(change->cleared, new_id == 0) << "page " << page;
      }
    }
  }

  std::mt19937 random_;
  std::string lineage_;
  std::map<Place, std::string> rows_;
  std::map<std::uint64_t, std::vector<std::uint32_t>> extents_;
  State base_;
  std::vector<State> snapshots_;  ///< the oldest first
  std::uint32_t last_write_ = 0;
  std::uint64_t last_extent_ = 0;
  std::size_t most_layers_ = 0;
  std::size_t gathers_ = 0;
};

// Several blobs, so that extents nobody needs do not pile up in the test.
TEST(PageMapModel, AMillionRandomSteps) {
  constexpr int kBlobs = test::RandomSteps(100);
  constexpr int kStepsEach = 10'000;
  const char* given = std::getenv("BLOBGATE_TEST_SEED");
  const std::uint32_t seed = given ? static_cast<std::uint32_t>(std::atoi(given)) : 20260115u;
  std::size_t most_layers = 0;
  std::size_t gathers = 0;
  for (int blob = 0; blob < kBlobs; ++blob) {
    SCOPED_TRACE("seed " + std::to_string(seed + blob));
    PageMap map(seed + blob);
    for (int step = 0; step < kStepsEach; ++step) {
      map.Step();
      if (::testing::Test::HasFailure()) return;
    }
    map.CheckAll();
    map.Finish();
    most_layers = std::max(most_layers, map.most_layers());
    gathers += map.gathers();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(most_layers, kSnapshots);
  EXPECT_GT(gathers, std::size_t{kBlobs});
}

}  // namespace
}  // namespace blobgate::blob
