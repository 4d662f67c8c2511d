#include "model/explain.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace blobgate::engine::model {
namespace {

Event Put(std::string key, std::string value, bool doubtful = false) {
  Event event(Event::Kind::kCommit, 0);
  event.batch.puts.push_back({std::move(key), std::move(value)});
  if (doubtful) {
    event.error = Errc::kIoError;
    event.doubtful = true;
  }
  return event;
}

Event Get(std::string key, std::string value, RowVersion version) {
  Event event(Event::Kind::kGet, 0);
  event.key = key;
  if (version != 0) event.rows.push_back({std::move(key), {std::move(value), version}});
  return event;
}

class ExplainTest : public ::testing::Test {
 protected:
  ExplainTest() { model_.AddPartition(); }

  Verdict Explained(const std::vector<Stage>& stages) { return Explain(stages, model_); }

  ReferenceModel model_{[](std::uint64_t bytes) { return bytes; }, false};
};

TEST_F(ExplainTest, ReadsThatAgree) {
  EXPECT_EQ(Explained({{{Put("k", "1"), Get("k", "1", 7)}}}), Verdict::kExplained);
  EXPECT_EQ(Explained({{{Get("k", "1", 7)}}}), Verdict::kExplained);
  EXPECT_EQ(Explained({{{Get("k", "", 0)}}}), Verdict::kImpossible);
}

TEST_F(ExplainTest, ADoubtfulCommitHappenedOrDidNot) {
  EXPECT_EQ(Explained({{{Put("k", "1", true)}}, {{Get("k", "1", 7)}}}), Verdict::kExplained);
  EXPECT_EQ(Explained({{{Put("k", "2", true)}}, {{Get("k", "1", 7)}}}), Verdict::kExplained);
  EXPECT_EQ(Explained({{{Put("k", "2", true)}}, {{Get("k", "3", 9)}}}), Verdict::kImpossible);
}

// The power goes while tasks run: what was in the log but not synced is not seen by those that
// still read, and may be there after the next start.
TEST_F(ExplainTest, ADoubtfulCommitMayShowOnlyAfterTheNextStart) {
  ASSERT_EQ(Explained({{{Put("k", "1"), Get("k", "1", 7)}}}), Verdict::kExplained);
  const Stage cut{{Put("k", "2", true), Get("k", "1", 7)}, {Get("k", "1", 7)}};
  EXPECT_EQ(Explained({cut, {{Get("k", "2", 8)}}}), Verdict::kExplained);
}

TEST_F(ExplainTest, ItDoesNotShowAndGoAgain) {
  ASSERT_EQ(Explained({{{Put("k", "1"), Get("k", "1", 7)}}}), Verdict::kExplained);
  const Stage cut{{Put("k", "2", true), Get("k", "2", 8)}};
  EXPECT_EQ(Explained({cut, {{Get("k", "1", 7)}}}), Verdict::kImpossible);
}

// A log that takes commits again holds nothing of those that failed before.
TEST_F(ExplainTest, ItDoesNotShowAfterALaterCommit) {
  const Stage cut{{Put("k", "1", true), Put("k", "2"), Get("k", "2", 8)}};
  EXPECT_EQ(Explained({cut, {{Get("k", "1", 9)}}}), Verdict::kImpossible);
}

TEST_F(ExplainTest, SeveralOfThemInAnyOrder) {
  const Stage cut{{Put("k", "1", true), Get("k", "", 0), Put("l", "1", true), Get("l", "", 0)},
                  {Put("k", "3", true), Get("k", "", 0)}};
  EXPECT_EQ(Explained({cut, {{Get("k", "1", 8), Get("l", "1", 9)}}}), Verdict::kExplained);
}

}  // namespace
}  // namespace blobgate::engine::model
