// Lifecycle rules as Azure's management policies have them (Microsoft.Storage management policies,
// "rules"): what is done to blobs of an age. Pure; blob/lifecycle.h applies them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace blobgate::azure {

/// When an action applies: every age that is set must be exceeded, in days. One of the first three
/// is always set, and only one of them.
struct LifecycleAges {
  std::optional<std::uint32_t> modification = std::nullopt;  ///< daysAfterModificationGreaterThan
  std::optional<std::uint32_t> creation = std::nullopt;      ///< daysAfterCreationGreaterThan
  std::optional<std::uint32_t> access = std::nullopt;        ///< daysAfterLastAccessTimeGreaterThan
  std::optional<std::uint32_t> tier_change = std::nullopt;   ///< daysAfterLastTierChangeGreaterThan
  bool operator==(const LifecycleAges&) const = default;
};

/// The actions for one kind of state.
struct LifecycleActions {
  std::optional<LifecycleAges> to_cool;
  std::optional<LifecycleAges> to_cold;
  std::optional<LifecycleAges> to_archive;
  std::optional<LifecycleAges> remove;
  /// enableAutoTierToHotFromCool: a blob in Cool becomes Hot when it is read.
  bool auto_tier_to_hot = false;

  bool empty() const { return !to_cool && !to_cold && !to_archive && !remove; }
  bool operator==(const LifecycleActions&) const = default;
};

/// blobIndexMatch: the blob has the tag with exactly this value.
struct LifecycleTag {
  std::string name;
  std::string value;
  bool operator==(const LifecycleTag&) const = default;
};

struct LifecycleRule {
  std::string name;
  bool enabled = true;
  bool block_blobs = false;
  bool append_blobs = false;
  std::vector<std::string> prefixes;  ///< of CONTAINER/BLOB; none: all
  std::vector<LifecycleTag> tags;     ///< all of them
  LifecycleActions base_blob;
  LifecycleActions snapshot;
  LifecycleActions version;
  bool operator==(const LifecycleRule&) const = default;
};

struct LifecyclePolicy {
  std::vector<LifecycleRule> rules;
  bool operator==(const LifecyclePolicy&) const = default;
};

/// Bytes of a policy at most.
inline constexpr std::size_t kMaxLifecyclePolicy = 1024 * 1024;

/// Reads `{"rules": [...]}`. kInvalidArgument for what is no JSON, a repeated or unknown member, a
/// missing one, a wrong type, more than 100 rules, more than 10 prefixes or tags a rule, two rules
/// of one name, an action that its kind of blob does not take (append blobs can only be deleted),
/// or an age outside 0..99999. The detail says where.
Result<LifecyclePolicy> ParseLifecyclePolicy(std::string_view json);

}  // namespace blobgate::azure
