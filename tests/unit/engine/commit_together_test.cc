// What Catalog::CommitTogether promises, for every engine.
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "conformance.h"

namespace blobgate::engine {
namespace {

/// Commits to two partitions at once. An engine may refuse all of them, but then it changes
/// nothing.
class Together : public Conformance {
 protected:
  void SetUp() override {
    const Status probe = Commit(PutIn("probe"), PutIn("probe"));
    if (!probe) {
      EXPECT_EQ(probe.error().code, Errc::kUnsupported);
      EXPECT_EQ(Seen(one_, "probe") + Seen(two_, "probe"), "--");
      GTEST_SKIP() << "not promised";
    }
  }

  static Batch PutIn(std::string key, std::string value = "1") {
    Batch batch;
    batch.puts.push_back({std::move(key), std::move(value)});
    return batch;
  }
  Status Commit(Batch one, Batch two) {
    std::vector<PartitionBatch> parts;
    parts.push_back({one_, std::move(one)});
    parts.push_back({two_, std::move(two)});
    return run_(catalog().CommitTogether(std::move(parts)));
  }
  std::optional<Row> In(PartitionRef partition, std::string_view key) {
    return run_(catalog().Get(partition, key)).value();
  }
  /// The row's value, or a dash.
  std::string Seen(PartitionRef partition, std::string_view key) {
    const auto row = In(partition, key);
    return row ? row->value : "-";
  }

  const PartitionRef one_ = Partition("one");
  const PartitionRef two_ = Partition("two");
};

TEST_P(Together, AllPartsAreThere) {
  ASSERT_TRUE(Commit(PutIn("a", "old"), {}));
  Batch out = PutIn("left", "1");
  out.preconditions = {Precondition::At("a", In(one_, "a")->version)};
  out.deletes = {"a"};
  Batch in = PutIn("a", "new");
  in.preconditions = {Precondition::Absent("a")};
  ASSERT_TRUE(Commit(std::move(out), std::move(in)));
  EXPECT_EQ(Seen(one_, "a"), "-");
  EXPECT_EQ(Seen(one_, "left"), "1");
  EXPECT_EQ(Seen(two_, "a"), "new");
  EXPECT_EQ(Seen(two_, "left"), "-");
}

TEST_P(Together, AConditionThatFailsInEitherLeavesBoth) {
  ASSERT_TRUE(Commit(PutIn("here"), PutIn("there")));
  const ExtentRef ref = Write("content");
  for (const bool first : {true, false}) {
    Batch fails = PutIn("x"), holds = PutIn("x");
    fails.preconditions = {Precondition::Present("nowhere")};
    fails.acquires = {ref};
    holds.preconditions = {Precondition::Present(first ? "there" : "here")};
    holds.deletes = {first ? "there" : "here"};
    const Status status = first ? Commit(fails, holds) : Commit(holds, fails);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Errc::kConflict);
    EXPECT_EQ(Seen(one_, "x") + Seen(two_, "x"), "--");
    EXPECT_EQ(Seen(one_, "here") + Seen(two_, "there"), "11");
  }
  EXPECT_TRUE(Acquire({ref})) << "still fresh";
}

TEST_P(Together, ConditionsAreOfTheStateBeforeAllOfIt) {
  Batch one = PutIn("a"), two = PutIn("a");
  one.preconditions = {Precondition::Absent("a")};
  two.preconditions = {Precondition::Absent("a")};
  EXPECT_TRUE(Commit(one, two));
  EXPECT_FALSE(Commit(one, two));
  Batch demand;
  demand.preconditions = {Precondition::Present("a")};
  EXPECT_TRUE(Commit(std::move(demand), PutIn("b"))) << "a part that changes nothing";
  EXPECT_EQ(Seen(two_, "b"), "1");
}

TEST_P(Together, ReferencesMove) {
  const std::string text = RandomText(100'000, 3);
  const ExtentRef ref = Write(text);
  Batch put = PutIn("a", "holds it");
  put.acquires = {ref};
  ASSERT_TRUE(Commit(std::move(put), {}));
  // With the row, and to another row before the last one lets go.
  Batch out;
  out.deletes = {"a"};
  ASSERT_TRUE(Commit(out, PutIn("a", "holds it")));
  EXPECT_EQ(run_(ReadText(extents(), ref, 0, text.size())).value(), text);
  Batch takes = PutIn("b", "holds it"), drops = out;
  takes.acquires = {ref};
  drops.releases = {ref};
  ASSERT_TRUE(Commit(takes, drops));
  EXPECT_EQ(run_(ReadText(extents(), ref, 0, text.size())).value(), text);
  // The order of the parts does not matter.
  drops.deletes = {"b"};
  ASSERT_TRUE(Commit(drops, takes));
  EXPECT_EQ(run_(ReadText(extents(), ref, 0, text.size())).value(), text);
  ASSERT_TRUE(Commit({}, drops));
  EXPECT_EQ(Acquire({ref}).error().code, Errc::kExtentGone);
  EXPECT_EQ(engine_->Stats().live_bytes, 0u);
}

TEST_P(Together, AnExtentThatIsGoneLeavesBoth) {
  const ExtentRef ref = Write("content");
  extents().Discard(ref);
  Batch takes = PutIn("b");
  takes.acquires = {ref};
  EXPECT_EQ(Commit(PutIn("a"), std::move(takes)).error().code, Errc::kExtentGone);
  EXPECT_EQ(Seen(one_, "a") + Seen(two_, "b"), "--");
}

TEST_P(Together, WhatIsNoCommitIsRefused) {
  EXPECT_EQ(run_(catalog().CommitTogether({})).error().code, Errc::kInvalidArgument);
  std::vector<PartitionBatch> parts;
  parts.push_back({one_, PutIn("a")});
  parts.push_back({one_, PutIn("b")});
  EXPECT_EQ(run_(catalog().CommitTogether(parts)).error().code, Errc::kInvalidArgument);
  parts[1] = {two_, PutIn("")};
  EXPECT_EQ(run_(catalog().CommitTogether(parts)).error().code, Errc::kInvalidArgument);
  for (const PartitionRef moved : {PartitionRef{two_.id, 7}, PartitionRef{1'000'000, 1}}) {
    parts[1] = {moved, PutIn("b")};
    EXPECT_EQ(run_(catalog().CommitTogether(parts)).error().code, Errc::kPartitionMoved);
  }
  EXPECT_EQ(Seen(one_, "a"), "-");
}

TEST_P(Together, AReaderSeesARowInOnePlaceAtEveryMoment) {
  constexpr int kMoves = 300;
  ASSERT_TRUE(Commit(PutIn("token", "0"), {}));
  std::atomic<int> round{0};
  auto move = std::async(std::launch::async, [&] {
    Runner run;
    for (int i = 0; i < kMoves; ++i) {
      Batch out, in = PutIn("token", std::to_string(i));
      out.deletes = {"token"};
      std::vector<PartitionBatch> parts;
      parts.push_back({i % 2 == 0 ? one_ : two_, std::move(out)});
      parts.push_back({i % 2 == 0 ? two_ : one_, std::move(in)});
      EXPECT_TRUE(run(catalog().CommitTogether(std::move(parts))));
      ++round;
    }
  });
  // Between two looks at `round` that are the same there was one move at most.
  while (round < kMoves) {
    const int before = round;
    const PartitionRef from = before % 2 == 0 ? one_ : two_, to = before % 2 == 0 ? two_ : one_;
    const bool left = !In(from, "token"), came = In(to, "token").has_value();
    const bool still = In(from, "token").has_value();
    if (round != before) continue;
    EXPECT_TRUE(!left || came) << "nowhere";
    EXPECT_TRUE(!came || !still) << "in both";
  }
  move.get();
}

INSTANTIATE_TEST_SUITE_P(Engines, Together, kEngines, NameOf);

}  // namespace
}  // namespace blobgate::engine
