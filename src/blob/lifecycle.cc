#include "blob/lifecycle.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

namespace blobgate::blob {
namespace {

/// How cold; nullopt for tiers that are not of block blobs.
std::optional<int> ColdnessOf(std::string_view tier) {
  if (tier == "Hot") return 0;
  if (tier == "Cool") return 1;
  if (tier == "Cold") return 2;
  if (tier == "Archive") return 3;
  return std::nullopt;
}

bool HasTags(const LifecycleSubject& subject, const std::vector<azure::LifecycleTag>& wanted) {
  return std::ranges::all_of(wanted, [&](const azure::LifecycleTag& tag) {
    return std::ranges::any_of(subject.record.tags, [&](const auto& have) {
      return have.first == tag.name && have.second == tag.value;
    });
  });
}

/// `CONTAINER/BLOB` begins with `prefix`.
bool HasPrefix(const LifecycleSubject& subject, std::string_view prefix) {
  std::string path(subject.container);
  path.append("/").append(subject.blob);
  return path.starts_with(prefix);
}

bool Fits(const azure::LifecycleRule& rule, const LifecycleSubject& subject) {
  if (!rule.enabled) return false;
  const BlobType type = subject.record.type;
  if (!(type == BlobType::kBlock && rule.block_blobs) &&
      !(type == BlobType::kAppend && rule.append_blobs)) {
    return false;
  }
  const bool prefix =
      rule.prefixes.empty() || std::ranges::any_of(rule.prefixes, [&](const std::string& p) {
        return HasPrefix(subject, p);
      });
  return prefix && HasTags(subject, rule.tags);
}

const azure::LifecycleActions& ActionsFor(const azure::LifecycleRule& rule,
                                          const BlobRecord& record) {
  if (record.snapshot != Time{}) return rule.snapshot;
  return record.previous ? rule.version : rule.base_blob;
}

/// Of a snapshot or version that is when it was made.
Time CreationOf(const BlobRecord& record) {
  if (record.snapshot != Time{}) return record.snapshot;
  if (record.previous && record.version != Time{}) return record.version;
  return record.created;
}

bool IsOlder(Time since, std::uint32_t days, Time now) {
  return now - since > std::chrono::days(days);
}

bool IsDue(const std::optional<azure::LifecycleAges>& ages, const LifecycleSubject& subject) {
  if (!ages) return false;
  const BlobRecord& record = subject.record;
  const Time now = subject.now;
  if (ages->modification && !IsOlder(record.modified, *ages->modification, now)) return false;
  if (ages->creation && !IsOlder(CreationOf(record), *ages->creation, now)) return false;
  if (ages->access) {
    if (subject.tracked_since == Time{}) return false;
    const Time accessed = std::max(record.accessed, subject.tracked_since);
    if (!IsOlder(accessed, *ages->access, now)) return false;
  }
  if (!ages->tier_change) return true;
  const Time changed = subject.tier.inferred ? record.created : subject.tier.changed;
  return IsOlder(changed, *ages->tier_change, now);
}

/// Block blobs whose content is there.
bool MayMove(const LifecycleSubject& subject) {
  return subject.record.type == BlobType::kBlock && subject.tier.rehydrating_to.empty() &&
         ColdnessOf(subject.tier.tier).has_value();
}

LifecycleAction Choose(const azure::LifecycleActions& actions, const LifecycleSubject& subject) {
  if (IsDue(actions.remove, subject)) return LifecycleAction::kDelete;
  if (!MayMove(subject)) return LifecycleAction::kNone;
  const int coldness = *ColdnessOf(subject.tier.tier);
  if (coldness < 3 && IsDue(actions.to_archive, subject)) return LifecycleAction::kToArchive;
  if (coldness < 2 && IsDue(actions.to_cold, subject)) return LifecycleAction::kToCold;
  if (coldness < 1 && IsDue(actions.to_cool, subject)) return LifecycleAction::kToCool;
  return LifecycleAction::kNone;
}

}  // namespace

LifecycleAction ChooseAction(const azure::LifecyclePolicy& policy,
                             const LifecycleSubject& subject) {
  LifecycleAction chosen = LifecycleAction::kNone;
  if (subject.record.copy.status == CopyState::Status::kPending) return chosen;
  for (const azure::LifecycleRule& rule : policy.rules) {
    if (!Fits(rule, subject)) continue;
    chosen = std::max(chosen, Choose(ActionsFor(rule, subject.record), subject));
  }
  return chosen;
}

bool ReturnsToHot(const azure::LifecyclePolicy& policy, const LifecycleSubject& subject) {
  if (!subject.record.is_base() || subject.tier.tier != "Cool" || !MayMove(subject)) return false;
  return std::ranges::any_of(policy.rules, [&](const azure::LifecycleRule& rule) {
    return rule.base_blob.auto_tier_to_hot && Fits(rule, subject);
  });
}

}  // namespace blobgate::blob
