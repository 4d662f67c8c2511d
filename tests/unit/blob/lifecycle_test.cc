#include "blob/lifecycle.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

namespace blobgate::blob {
namespace {

using std::chrono::days;
using enum LifecycleAction;

const Time kNow = *ParseIso8601("2026-06-01T00:00:00Z");

using Age = std::optional<std::uint32_t> azure::LifecycleAges::*;

azure::LifecycleAges After(Age age, std::uint32_t days, std::optional<std::uint32_t> tier = {}) {
  azure::LifecycleAges ages;
  ages.*age = days;
  ages.tier_change = tier;
  return ages;
}

azure::LifecycleRule Rule() {
  azure::LifecycleRule rule;
  rule.name = "r";
  rule.block_blobs = true;
  return rule;
}

/// A block blob of container "con" that is ten days old in every way.
struct Subject {
  Subject() {
    record.created = record.modified = kNow - days(10);
    record.tier.tier = "Hot";
  }

  LifecycleAction With(const azure::LifecycleRule& rule) const { return With({{rule}}); }
  LifecycleAction With(const azure::LifecyclePolicy& policy) const {
    return ChooseAction(policy, Made());
  }
  LifecycleSubject Made() const { return {"con", name, record, record.tier, kNow, tracked_since}; }

  std::string name = "dir/blob";
  BlobRecord record;
  Time tracked_since{};
};

TEST(Lifecycle, AgesAreExceededNotReached) {
  azure::LifecycleRule rule = Rule();
  const Subject subject;
  rule.base_blob.remove = After(&azure::LifecycleAges::modification, 9);
  EXPECT_EQ(subject.With(rule), kDelete);
  rule.base_blob.remove = After(&azure::LifecycleAges::modification, 10);
  EXPECT_EQ(subject.With(rule), kNone);
  rule.base_blob.remove = After(&azure::LifecycleAges::creation, 9);
  EXPECT_EQ(subject.With(rule), kDelete);
  rule.base_blob.remove = After(&azure::LifecycleAges::creation, 10);
  EXPECT_EQ(subject.With(rule), kNone);
}

TEST(Lifecycle, AccessCountsFromTheBeginningOfTracking) {
  azure::LifecycleRule rule = Rule();
  rule.base_blob.remove = After(&azure::LifecycleAges::access, 5);
  Subject subject;
  EXPECT_EQ(subject.With(rule), kNone) << "not tracked";
  subject.tracked_since = kNow - days(6);
  EXPECT_EQ(subject.With(rule), kDelete);
  subject.record.accessed = kNow - days(4);
  EXPECT_EQ(subject.With(rule), kNone);
  subject.record.accessed = kNow - days(9);
  subject.tracked_since = kNow - days(5);
  EXPECT_EQ(subject.With(rule), kNone);
}

TEST(Lifecycle, ArchiveMayWaitForTheTier) {
  azure::LifecycleRule rule = Rule();
  rule.base_blob.to_archive = After(&azure::LifecycleAges::modification, 1, 7);
  Subject subject;
  EXPECT_EQ(subject.With(rule), kToArchive) << "an inferred tier is as old as the blob";
  subject.record.tier.inferred = false;
  subject.record.tier.changed = kNow - days(7);
  EXPECT_EQ(subject.With(rule), kNone);
  subject.record.tier.changed = kNow - days(8);
  EXPECT_EQ(subject.With(rule), kToArchive);
}

TEST(Lifecycle, TheCheapestActionOfAllRulesIsTaken) {
  azure::LifecycleRule cool = Rule(), rest = Rule();
  cool.base_blob.to_cool = After(&azure::LifecycleAges::modification, 1);
  cool.base_blob.to_cold = After(&azure::LifecycleAges::modification, 2);
  const Subject subject;
  EXPECT_EQ(subject.With(cool), kToCold);
  rest.base_blob.to_archive = After(&azure::LifecycleAges::modification, 3);
  EXPECT_EQ(subject.With({{cool, rest}}), kToArchive);
  EXPECT_EQ(subject.With({{rest, cool}}), kToArchive);
  rest.base_blob.remove = After(&azure::LifecycleAges::modification, 4);
  EXPECT_EQ(subject.With({{cool, rest}}), kDelete);
  rest.enabled = false;
  EXPECT_EQ(subject.With({{cool, rest}}), kToCold);
}

TEST(Lifecycle, NothingGetsWarmerOrStaysAsItIs) {
  azure::LifecycleRule rule = Rule();
  rule.base_blob.to_cool = After(&azure::LifecycleAges::modification, 1);
  Subject subject;
  for (const std::string tier : {"Cool", "Cold", "Archive", "P10", ""}) {
    subject.record.tier.tier = tier;
    EXPECT_EQ(subject.With(rule), kNone) << tier;
  }
  rule.base_blob.to_archive = After(&azure::LifecycleAges::modification, 1);
  subject.record.tier = {.tier = "Archive",
                         .inferred = false,
                         .changed = {},
                         .rehydrating_to = "Hot",
                         .rehydrate_priority = "Standard",
                         .rehydrated = kNow + days(1)};
  EXPECT_EQ(subject.With(rule), kNone);
  rule.base_blob.remove = After(&azure::LifecycleAges::modification, 1);
  EXPECT_EQ(subject.With(rule), kDelete);
  subject.record.copy.status = CopyState::Status::kPending;
  EXPECT_EQ(subject.With(rule), kNone);
}

TEST(Lifecycle, Filters) {
  azure::LifecycleRule rule = Rule();
  rule.base_blob.remove = After(&azure::LifecycleAges::modification, 1);
  Subject subject;
  for (const std::string prefix : {"con", "con/", "con/dir/", "con/dir/blob", "c", ""}) {
    rule.prefixes = {"other/", prefix};
    EXPECT_EQ(subject.With(rule), kDelete) << prefix;
  }
  for (const std::string prefix : {"dir", "con/dir/blob2", "cond", "con//", "CON/"}) {
    rule.prefixes = {prefix};
    EXPECT_EQ(subject.With(rule), kNone) << prefix;
  }
  rule.prefixes.clear();
  rule.tags = {{"a", "1"}, {"b", ""}};
  subject.record.tags = {{"a", "1"}, {"b", ""}, {"c", "x"}};
  EXPECT_EQ(subject.With(rule), kDelete);
  subject.record.tags = {{"a", "1"}};
  EXPECT_EQ(subject.With(rule), kNone);
  subject.record.tags = {{"a", "2"}, {"b", ""}};
  EXPECT_EQ(subject.With(rule), kNone);
}

TEST(Lifecycle, Types) {
  azure::LifecycleRule rule = Rule();
  rule.base_blob.remove = After(&azure::LifecycleAges::modification, 1);
  Subject subject;
  subject.record.type = BlobType::kAppend;
  EXPECT_EQ(subject.With(rule), kNone);
  rule.append_blobs = true;
  EXPECT_EQ(subject.With(rule), kDelete);
  subject.record.type = BlobType::kPage;
  EXPECT_EQ(subject.With(rule), kNone);
}

TEST(Lifecycle, SnapshotsAndVersionsAreAsOldAsTheirIds) {
  azure::LifecycleRule rule = Rule();
  rule.base_blob.remove = After(&azure::LifecycleAges::creation, 5);
  rule.snapshot.remove = After(&azure::LifecycleAges::creation, 3);
  rule.version.to_cool = After(&azure::LifecycleAges::creation, 3);
  Subject snapshot, version;
  snapshot.record.snapshot = kNow - days(3);
  EXPECT_EQ(snapshot.With(rule), kNone);
  snapshot.record.snapshot = kNow - days(4);
  EXPECT_EQ(snapshot.With(rule), kDelete);
  version.record.previous = true;
  version.record.version = kNow - days(3);
  EXPECT_EQ(version.With(rule), kNone);
  version.record.version = kNow - days(4);
  EXPECT_EQ(version.With(rule), kToCool);
}

TEST(Lifecycle, ReturnsToHotFromCoolOnly) {
  azure::LifecycleRule rule = Rule();
  rule.prefixes = {"con/dir/"};
  rule.base_blob.to_cool = After(&azure::LifecycleAges::access, 5);
  const auto returns = [&rule](const Subject& subject) {
    return ReturnsToHot({{rule}}, subject.Made());
  };
  Subject subject;
  subject.record.tier.tier = "Cool";
  EXPECT_FALSE(returns(subject));
  rule.base_blob.auto_tier_to_hot = true;
  EXPECT_TRUE(returns(subject));
  subject.record.tier.tier = "Cold";
  EXPECT_FALSE(returns(subject));
  subject.record.tier.tier = "Cool";
  subject.name = "elsewhere";
  EXPECT_FALSE(returns(subject));
  subject.name = "dir/blob";
  subject.record.snapshot = kNow;
  EXPECT_FALSE(returns(subject));
}

}  // namespace
}  // namespace blobgate::blob
