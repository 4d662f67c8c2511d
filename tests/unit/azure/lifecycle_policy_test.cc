#include "azure/lifecycle_policy.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace blobgate::azure {
namespace {

constexpr std::string_view kFilters = R"({"blobTypes":["blockBlob"]})";

std::string Rule(std::string_view actions, std::string_view filters = kFilters,
                 std::string_view name = "r") {
  return R"({"name":")" + std::string(name) +
         R"(","enabled":true,"type":"Lifecycle","definition":{"actions":)" + std::string(actions) +
         R"(,"filters":)" + std::string(filters) + "}}";
}

std::string Policy(std::string_view rules) {
  return R"({"rules":[)" + std::string(rules) + "]}";
}

using Age = std::optional<std::uint32_t> LifecycleAges::*;

LifecycleAges After(Age age, std::uint32_t days, std::optional<std::uint32_t> tier = {}) {
  LifecycleAges ages;
  ages.*age = days;
  ages.tier_change = tier;
  return ages;
}

/// The detail of the refusal; empty: accepted.
std::string Why(std::string_view text) {
  const auto policy = ParseLifecyclePolicy(text);
  if (policy) return {};
  EXPECT_EQ(policy.error().code, Errc::kInvalidArgument);
  return policy.error().detail;
}

std::string WhyBase(std::string_view base_blob) {
  return Why(Policy(Rule(R"({"baseBlob":)" + std::string(base_blob) + "}")));
}

TEST(LifecyclePolicy, ReadsAzuresForm) {
  const auto policy = ParseLifecyclePolicy(R"({"rules":[{
    "enabled": false, "name": "all", "type": "Lifecycle",
    "definition": {
      "actions": {
        "baseBlob": {
          "tierToCool": {"daysAfterLastAccessTimeGreaterThan": 30},
          "tierToCold": {"daysAfterCreationGreaterThan": 60.0},
          "tierToArchive": {"daysAfterModificationGreaterThan": 90,
                            "daysAfterLastTierChangeGreaterThan": 7},
          "delete": {"daysAfterModificationGreaterThan": 0},
          "enableAutoTierToHotFromCool": true},
        "snapshot": {"delete": {"daysAfterCreationGreaterThan": 5}},
        "version": {"tierToCool": {"daysAfterCreationGreaterThan": 6}}},
      "filters": {"blobTypes": ["blockBlob"], "prefixMatch": ["con/a", "other"],
                  "blobIndexMatch": [{"name": "t", "op": "==", "value": ""}]}}}]})");
  ASSERT_TRUE(policy) << policy.error().detail;
  LifecycleRule rule;
  rule.name = "all";
  rule.enabled = false;
  rule.block_blobs = true;
  rule.prefixes = {"con/a", "other"};
  rule.tags = {{"t", ""}};
  rule.base_blob.to_cool = After(&LifecycleAges::access, 30);
  rule.base_blob.to_cold = After(&LifecycleAges::creation, 60);
  rule.base_blob.to_archive = After(&LifecycleAges::modification, 90, 7);
  rule.base_blob.remove = After(&LifecycleAges::modification, 0);
  rule.base_blob.auto_tier_to_hot = true;
  rule.snapshot.remove = After(&LifecycleAges::creation, 5);
  rule.version.to_cool = After(&LifecycleAges::creation, 6);
  EXPECT_EQ(policy->rules, std::vector{rule});
}

TEST(LifecyclePolicy, NoRulesAreFine) {
  EXPECT_EQ(Why(Policy("")), "");
}

TEST(LifecyclePolicy, RefusesOtherDocuments) {
  for (const std::string_view text :
       {"", "null", "[]", "{", R"({"rules":[]} x)", R"({"rules":[],"rules":[]})", "\xff",
        R"({"rules":[{"name":"a","name":"b"}]})"}) {
    EXPECT_EQ(Why(text), "policy: not one JSON object without repeated members") << text;
  }
  EXPECT_EQ(Why("{}"), "rules: must be a list");
  EXPECT_EQ(Why(R"({"rules":{}})"), "rules: must be a list");
  EXPECT_EQ(Why(R"({"rules":[],"more":1})"), "policy: unknown: more");
  EXPECT_EQ(Why(Policy("1")), "rules[0]: must be an object");
  EXPECT_EQ(Why(std::string(kMaxLifecyclePolicy + 1, ' ')), "policy: too large");
  EXPECT_NE(Why(std::string(10000, '[')), "");
}

TEST(LifecyclePolicy, RulesAreChecked) {
  const std::string good = R"({"baseBlob":{"delete":{"daysAfterModificationGreaterThan":1}}})";
  EXPECT_EQ(Why(Policy(Rule(good))), "");
  EXPECT_EQ(Why(Policy(Rule(good) + "," + Rule(good))), "rules[1]: the name is there twice");
  EXPECT_EQ(Why(Policy(Rule(good, kFilters, ""))),
            "rules[0]: name must be a string of 1 to 256 characters");
  EXPECT_EQ(Why(Policy(Rule("{}"))), "rules[0].definition.actions: has no action");
  EXPECT_EQ(Why(Policy(Rule(R"({"folder":{}})"))), "rules[0].definition.actions: unknown: folder");
  EXPECT_EQ(Why(Policy(R"({"name":"r","type":"Other"})")), "rules[0]: type must be Lifecycle");
  EXPECT_EQ(Why(Policy(R"({"name":"r","type":"Lifecycle"})")), "rules[0]: definition is needed");
  EXPECT_EQ(Why(Policy(R"({"name":"r","enabled":1,"type":"Lifecycle"})")),
            "rules[0]: enabled must be true or false");
  std::string many;
  for (int i = 0; i < 101; ++i) {
    many += (i ? "," : "") + Rule(good, kFilters, "r" + std::to_string(i));
  }
  EXPECT_EQ(Why(Policy(many)), "rules: at most 100");
}

TEST(LifecyclePolicy, FiltersAreChecked) {
  const std::string good = R"({"baseBlob":{"delete":{"daysAfterModificationGreaterThan":1}}})";
  const auto why = [&](std::string_view filters) { return Why(Policy(Rule(good, filters))); };
  const std::string at = "rules[0].definition.filters";
  EXPECT_EQ(why("{}"), at + ": blobTypes is needed");
  EXPECT_EQ(why(R"({"blobTypes":"blockBlob"})"), at + ": blobTypes must be a list of strings");
  EXPECT_EQ(why(R"({"blobTypes":["pageBlob"]})"),
            at + ": blobTypes must be blockBlob or appendBlob");
  EXPECT_EQ(why(R"({"blobTypes":["blockBlob"],"prefixMatch":[1]})"),
            at + ": prefixMatch must be a list of strings");
  EXPECT_EQ(why(R"({"blobTypes":["blockBlob"],"prefixMatch":)"
                R"(["1","2","3","4","5","6","7","8","9","10","11"]})"),
            at + ": at most 10 prefixes");
  EXPECT_EQ(why(R"({"blobTypes":["blockBlob"],"blobIndexMatch":{}})"),
            at + ": blobIndexMatch must be a list of at most 10");
  EXPECT_EQ(
      why(R"({"blobTypes":["blockBlob"],"blobIndexMatch":[{"name":"a","op":">","value":""}]})"),
      at + ".blobIndexMatch: op must be ==");
  EXPECT_EQ(why(R"({"blobTypes":["blockBlob"],"blobIndexMatch":[{"name":"a","op":"=="}]})"),
            at + ".blobIndexMatch: needs a name and a value");
}

TEST(LifecyclePolicy, AgesAreChecked) {
  const std::string at = "rules[0].definition.actions.baseBlob";
  EXPECT_EQ(WhyBase("{}"), at + ": has no action");
  EXPECT_EQ(WhyBase(R"({"delete":{}})"),
            at + ".delete: exactly one age since modification, creation or access");
  EXPECT_EQ(WhyBase(R"({"delete":{"daysAfterModificationGreaterThan":1,)"
                    R"("daysAfterCreationGreaterThan":1}})"),
            at + ".delete: exactly one age since modification, creation or access");
  for (const std::string_view days : {"-1", "100000", "1.5", "1e300", "\"1\"", "null", "true"}) {
    EXPECT_EQ(
        WhyBase(R"({"delete":{"daysAfterModificationGreaterThan":)" + std::string(days) + "}}"),
        at + ".delete: daysAfterModificationGreaterThan must be a whole number 0..99999")
        << days;
  }
  EXPECT_EQ(WhyBase(R"({"tierToHot":{"daysAfterModificationGreaterThan":1}})"),
            at + ": unknown: tierToHot");
  EXPECT_EQ(WhyBase(R"({"delete":{"daysAfterModificationGreaterThan":1,)"
                    R"("daysAfterLastTierChangeGreaterThan":1}})"),
            at + ".delete: daysAfterLastTierChangeGreaterThan is for tierToArchive");
  EXPECT_EQ(WhyBase(R"({"tierToCool":{"daysAfterModificationGreaterThan":1},)"
                    R"("enableAutoTierToHotFromCool":true})"),
            at + ": enableAutoTierToHotFromCool needs tierToCool after a last access");
  EXPECT_EQ(Why(Policy(Rule(R"({"snapshot":{"delete":{"daysAfterModificationGreaterThan":1}}})"))),
            "rules[0].definition.actions.snapshot.delete: only daysAfterCreationGreaterThan is for "
            "snapshots and versions");
}

TEST(LifecyclePolicy, AppendBlobsHaveNoTiers) {
  const std::string_view filters = R"({"blobTypes":["appendBlob"]})";
  EXPECT_EQ(Why(Policy(Rule(R"({"baseBlob":{"delete":{"daysAfterModificationGreaterThan":1}}})",
                            filters))),
            "");
  EXPECT_EQ(Why(Policy(Rule(R"({"baseBlob":{"tierToCool":{"daysAfterModificationGreaterThan":1}}})",
                            filters))),
            "rules[0].definition: append blobs can only be deleted");
}

}  // namespace
}  // namespace blobgate::azure
