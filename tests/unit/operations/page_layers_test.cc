// Layers of page blobs on the level of rows: what Snapshot Blob and Delete Blob do with them,
// diffs, and random steps beside a model of all states.
#include <random>

#include "operations/blob_content.h"
#include "operations/content_reader.h"
#include "operations/leftovers.h"
#include "page_test_support.h"

namespace blobgate::operations {
namespace {

class PageLayersTest : public PageTest {
 protected:
  Target Load(std::string_view name) {
    azure::Resource resource;
    resource.account = h.account.name;
    resource.container = "c";
    resource.blob = name;
    auto target = h.Await(LoadTarget(h.services, resource));
    EXPECT_TRUE(target);
    return std::move(*target);
  }
  void Commit(const Target& target, engine::Batch batch) {
    const auto done = h.Await(CommitTarget(h.services, target, std::move(batch)));
    ASSERT_TRUE(done && *done);
  }

  /// A second state with the content of the base blob; its id.
  Time Snapshot(std::string_view name) {
    h.clock.Advance(Ticks(10));
    const Time id = h.clock.Now();
    const Target target = Load(name);
    blob::BlobRecord base = *target.blob;
    const blob::BlobRecord snapshot = base;
    engine::Batch batch;
    EXPECT_TRUE(h.Await(ShareContent(h.services, target, base, batch)));
    batch.puts.push_back({blob::SnapshotKey(name, id), snapshot.Encode()});
    batch.puts.push_back({target.key, base.Encode()});
    Commit(target, std::move(batch));
    return id;
  }
  void DeleteSnapshots(std::string_view name, const std::vector<Time>& ids) {
    const Target target = Load(name);
    engine::Batch batch;
    ReferenceSet none;
    for (const Time id : ids) {
      const Target state = State(name, id);
      ASSERT_TRUE(state.blob);
      ASSERT_TRUE(h.Await(ReleaseContent(h.services, target, *state.blob, batch, none)));
      batch.deletes.push_back(state.key);
    }
    Commit(target, std::move(batch));
  }
  Target State(std::string_view name, Time id) {
    Target target = Load(name);
    target.key = blob::SnapshotKey(name, id);
    auto row = h.Await(h.services.catalog().Get(target.partition, target.key));
    target.row = *row;
    target.blob.reset();
    if (target.row) target.blob = *blob::BlobRecord::Decode(target.row->value);
    return target;
  }
  std::string BodyOf(Target target) {
    if (target.blob->length == 0) return {};
    auto body = h.Await(OpenContent(h.services, target, 0, target.blob->length));
    EXPECT_TRUE(body && *body);
    auto bytes = h.Await(ReadAll(***body, target.blob->length));
    EXPECT_TRUE(bytes);
    return std::move(*bytes);
  }
  std::string Diff(std::string_view name, Time since, std::string_view more = {}) {
    return Ranges(name, "&prevsnapshot=" + FormatIso8601(since) + std::string(more));
  }
};

TEST_F(PageLayersTest, ASnapshotKeepsItsPages) {
  Create("p", 4096);
  Write("p", 0, Pages(4, 'a'));
  const Time one = Snapshot("p");
  Write("p", 512, Pages(1, 'b'));
  Clear("p", 1024, 512);
  Write("p", 3584, Pages(1, 'c'));
  EXPECT_EQ(BodyOf(State("p", one)), Pages(4, 'a') + std::string(2048, '\0'));
  EXPECT_EQ(Body("p", 0, 2048), Pages(1, 'a') + Pages(1, 'b') + Pages(1, '\0') + Pages(1, 'a'));
  EXPECT_EQ(Diff("p", one), "512-1023 !1024-1535 3584-4095 ");
  EXPECT_EQ(Ranges("p"), "0-1023 1536-2047 3584-4095 ");
  EXPECT_EQ(LiveBytes(), 6 * 512u);
}

TEST_F(PageLayersTest, ASnapshotCostsNothing) {
  Create("p", 1ull << 40);
  for (std::uint64_t i = 0; i < 200; ++i) Write("p", i * blob::kPageChunk, Pages(1, 'x'));
  const auto commits = h.engine->Stats().commits;
  Snapshot("p");
  EXPECT_EQ(h.engine->Stats().commits, commits + 1);
  EXPECT_EQ(LiveBytes(), 200 * 512u);
}

TEST_F(PageLayersTest, DeletingOneInTheMiddle) {
  Create("p", 4096);
  Write("p", 0, Pages(4, 'a'));
  const Time one = Snapshot("p");
  Write("p", 512, Pages(2, 'b'));
  const Time two = Snapshot("p");
  Write("p", 1024, Pages(2, 'c'));
  const Time three = Snapshot("p");
  Clear("p", 0, 512);
  const std::string first = BodyOf(State("p", one));
  const std::string third = BodyOf(State("p", three));
  const std::string base = Body("p");
  EXPECT_EQ(LiveBytes(), 8 * 512u);
  DeleteSnapshots("p", {two});
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(BodyOf(State("p", one)), first);
    EXPECT_EQ(BodyOf(State("p", three)), third);
    EXPECT_EQ(Body("p"), base);
    EXPECT_EQ(Diff("p", one), "!0-511 512-2047 ");
    EXPECT_EQ(Diff("p", three), "!0-511 ");
    h.RunBackground();
  }
  EXPECT_EQ(LiveBytes(), 8 * 512u) << "the covered page is a part of an extent in use";
  DeleteSnapshots("p", {one, three});
  h.RunBackground();
  EXPECT_EQ(Body("p"), base);
  EXPECT_EQ(Ranges("p"), "512-2047 ");
  h.Send("DELETE /c/p");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageLayersTest, DeletingAllAtOnce) {
  Create("p", 4096);
  std::vector<Time> ids;
  for (char c = 'a'; c < 'f'; ++c) {
    Write("p", 0, Pages(2, c));
    ids.push_back(Snapshot("p"));
  }
  EXPECT_EQ(LiveBytes(), 10 * 512u);
  DeleteSnapshots("p", ids);
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 2 * 512u);
  EXPECT_EQ(Body("p", 0, 1024), Pages(2, 'e'));
}

TEST_F(PageLayersTest, TheBaseGoesAndASnapshotStays) {
  Create("p", 4096);
  Write("p", 0, Pages(2, 'a'));
  const Time one = Snapshot("p");
  Write("p", 0, Pages(2, 'b'));
  Create("p", 1024);  // a new lineage in its place
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 1024u);
  EXPECT_EQ(BodyOf(State("p", one)).substr(0, 1024), Pages(2, 'a'));
  const auto reply = h.Send("GET /c/p?comp=pagelist&prevsnapshot=" + FormatIso8601(one));
  EXPECT_EQ(reply.status, 409u);
  EXPECT_EQ(reply.code, "BlobOverwritten");
  DeleteSnapshots("p", {one});
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
}

TEST_F(PageLayersTest, ResizeBelowASnapshot) {
  Create("p", 200 * blob::kPageChunk);
  for (std::uint64_t i = 0; i < 200; ++i) Write("p", i * blob::kPageChunk, Pages(1, 'x'));
  const Time one = Snapshot("p");
  EXPECT_EQ(Resize("p", 512).status, 200u);
  h.RunBackground();
  Resize("p", 200 * blob::kPageChunk);
  EXPECT_EQ(Ranges("p"), "0-511 ");
  EXPECT_EQ(LiveBytes(), 200 * 512u);
  const std::string diff = Diff("p", one);
  EXPECT_EQ(std::count(diff.begin(), diff.end(), '!'), 199);
  EXPECT_EQ(Diff("p", one, "&maxresults=2"), "!4194304-4194815 !8388608-8389119 ");
  DeleteSnapshots("p", {one});
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 512u);
  EXPECT_EQ(Ranges("p"), "0-511 ");
}

TEST_F(PageLayersTest, ADiffReadsWhatChangedAndNoMore) {
  Create("p", 1ull << 40);
  for (std::uint64_t i = 0; i < 2000; ++i) Write("p", i * blob::kPageChunk, Pages(1, 'x'));
  const Time one = Snapshot("p");
  Write("p", 1999 * blob::kPageChunk, Pages(1, 'y'));
  EXPECT_EQ(Diff("p", one), "8384413696-8384414207 ");
  Clear("p", 5 * blob::kPageChunk, 512);
  EXPECT_EQ(Diff("p", one), "!20971520-20972031 8384413696-8384414207 ");
}

TEST_F(PageLayersTest, PreviousSnapshots) {
  Create("p", 4096);
  const Time one = Snapshot("p");
  const auto diff = [&](std::string_view query, std::string_view headers = {}) {
    return h.Send("GET /c/p?comp=pagelist" + std::string(query) + std::string(headers));
  };
  EXPECT_EQ(diff("&prevsnapshot=2020-01-01T00:00:00.0000000Z").code, "PreviousSnapshotNotFound");
  EXPECT_EQ(diff("&prevsnapshot=2020-01-01T00:00:00.0000000Z").status, 409u);
  EXPECT_EQ(diff("&prevsnapshot=yesterday").code, "InvalidQueryParameterValue");
  EXPECT_EQ(diff("&snapshot=2020-01-01T00:00:00.0000000Z&prevsnapshot=" + FormatIso8601(one)).code,
            "PreviousSnapshotCannotBeNewer");
  const std::string url = "\nx-ms-previous-snapshot-url: https://acct.blob.example/c/p?";
  EXPECT_EQ(diff("", url + "snapshot=" + FormatIso8601(one)).status, 200u);
  EXPECT_EQ(diff("", url + "sv=1&snapshot=2020-01-01T00%3A00%3A00.0000000Z").code,
            "PreviousSnapshotNotFound");
  EXPECT_EQ(diff("", url + "snapshot=never").code, "InvalidHeaderValue");
  EXPECT_EQ(diff("", url + "sv=1").code, "InvalidHeaderValue");
}

TEST_F(PageLayersTest, TooManySnapshots) {
  Create("p", 512);
  Target target = Load("p");
  blob::PageLineage lineage = blob::PageLineage::New();
  while (lineage.layers.size() < blob::PageLineage::kMaxLayers) lineage.Freeze();
  blob::BlobRecord base = *target.blob;
  base.layer = lineage.layers.back().number;
  engine::Batch batch;
  batch.puts.push_back({target.key, base.Encode()});
  batch.puts.push_back({blob::PagePrefix("p", base.lineage), lineage.Encode()});
  Commit(target, std::move(batch));
  target = Load("p");
  batch = {};
  base = *target.blob;
  const auto shared = h.Await(ShareContent(h.services, target, base, batch));
  ASSERT_FALSE(shared);
  EXPECT_EQ(azure::InfoOf(shared.error().code).code, "SnapshotCountExceeded");
}

/// The pages of every state, as bytes.
struct ModelState {
  Time id{};
  std::string bytes;
};

// Through the operations themselves, with the collection at any moment. The pure model of a million
// steps is tests/unit/blob/page_map_model_test.cc.
TEST_F(PageLayersTest, RandomSteps) {
  constexpr std::uint64_t kSize = blob::kPageChunk + 64 * 512;
  constexpr std::uint64_t kBase =
      blob::kPageChunk - 32 * 512;  // what is written: 96 pages from here
  std::mt19937 random(20260115);
  const auto below = [&](std::uint64_t n) { return random() % n; };
  const auto zeros = [] { return std::string(96 * 512, '\0'); };
  Create("p", kSize);
  ModelState base{{}, zeros()};
  std::vector<ModelState> snapshots;
  char next = 'a';
  const auto check = [&](const ModelState& model, Target target) {
    auto body = h.Await(OpenContent(h.services, target, kBase, 96 * 512));
    ASSERT_TRUE(body && *body);
    ASSERT_EQ(*h.Await(ReadAll(***body, 96 * 512)), model.bytes);
  };
  for (int step = 0; step < 6000; ++step) {
    SCOPED_TRACE("step " + std::to_string(step));
    const std::uint64_t page = below(96);
    const std::uint64_t count = 1 + below(std::min<std::uint64_t>(8, 96 - page));
    const auto at = base.bytes.begin() + static_cast<std::ptrdiff_t>(page * 512);
    switch (below(10)) {
      case 0:
      case 1:
      case 2:
      case 3: {
        next = next == 'z' ? 'a' : static_cast<char>(next + 1);
        ASSERT_EQ(Write("p", kBase + page * 512, Pages(count, next)).status, 201u);
        std::fill_n(at, count * 512, next);
        break;
      }
      case 4:
      case 5:
        ASSERT_EQ(Clear("p", kBase + page * 512, count * 512).status, 201u);
        std::fill_n(at, count * 512, '\0');
        break;
      case 6:
        if (snapshots.size() < 5) snapshots.push_back({Snapshot("p"), base.bytes});
        break;
      case 7:
        if (!snapshots.empty()) {
          const auto which =
              snapshots.begin() + static_cast<std::ptrdiff_t>(below(snapshots.size()));
          DeleteSnapshots("p", {which->id});
          snapshots.erase(which);
        }
        break;
      case 8:
        if (below(4) == 0) h.RunBackground();
        if (below(8) == 0) {
          const std::uint64_t cut = kBase + page * 512;
          ASSERT_EQ(Resize("p", cut).status, 200u);
          ASSERT_EQ(Resize("p", kSize).status, 200u);
          std::fill(at, base.bytes.end(), '\0');
        }
        break;
      default:
        check(base, Load("p"));
        if (!snapshots.empty()) {
          const auto& one = snapshots[below(snapshots.size())];
          check(one, State("p", one.id));
        }
        break;
    }
    if (HasFatalFailure()) return;
  }
  h.RunBackground();
  EXPECT_LE(LiveBytes(), 6 * 3 * blob::kPageChunk);
  while (!snapshots.empty()) {
    DeleteSnapshots("p", {snapshots.back().id});
    snapshots.pop_back();
  }
  h.Send("DELETE /c/p");
  h.RunBackground();
  EXPECT_EQ(LiveBytes(), 0u);
  EXPECT_EQ(StoredBytes(), 0u);
}

}  // namespace
}  // namespace blobgate::operations
