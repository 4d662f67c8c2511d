// What the lifecycle rules of an account say about one state of a blob. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "azure/lifecycle_policy.h"
#include "base/time.h"
#include "blob/records.h"

namespace blobgate::blob {

/// In the order of preference: where several apply, the last of them is taken (as Azure takes the
/// cheapest).
enum class LifecycleAction : std::uint8_t { kNone, kToCool, kToCold, kToArchive, kDelete };

/// Everything lives during the call.
struct LifecycleSubject {
  std::string_view container;
  std::string_view blob;
  const BlobRecord& record;  ///< a committed state
  const TierState& tier;     ///< of the record, at `now`
  Time now;
  /// Since when last access times are kept: what was not read since then counts as read then. Zero:
  /// they are not, and rules about them do not apply.
  Time tracked_since{};
};

/// Blobs only ever move to a colder tier, and not while they are rehydrated or copied to.
LifecycleAction ChooseAction(const azure::LifecyclePolicy& policy, const LifecycleSubject& subject);

/// Is the base blob one that a rule moved to Cool and brings back to Hot when it is read?
bool ReturnsToHot(const azure::LifecyclePolicy& policy, const LifecycleSubject& subject);

}  // namespace blobgate::blob
