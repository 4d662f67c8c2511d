#include "blob/tier.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace blobgate::blob {
namespace {

constexpr std::array<std::string_view, 4> kBlockTiers = {"Hot", "Cool", "Cold", "Archive"};
constexpr std::array<std::string_view, 2> kOtherTiers = {"Premium", "Smart"};

struct PageTier {
  std::string_view name;
  std::uint64_t gib;  ///< the longest blob, GiB
};

/// In ascending order.
constexpr std::array<PageTier, 11> kPageTiers = {{{"P4", 32},
                                                  {"P6", 64},
                                                  {"P10", 128},
                                                  {"P15", 256},
                                                  {"P20", 512},
                                                  {"P30", 1024},
                                                  {"P40", 2048},
                                                  {"P50", 4096},
                                                  {"P60", 8192},
                                                  {"P70", 16384},
                                                  {"P80", 32768}}};

/// Null: no tier of page blobs.
const PageTier* FindPageTier(std::string_view name) {
  const auto same = [name](const PageTier& tier) { return EqualsIgnoreCase(tier.name, name); };
  const auto* it = std::ranges::find_if(kPageTiers, same);
  return it == kPageTiers.end() ? nullptr : it;
}

azure::Outcome<TierChange> SetPageTier(const TierState& stored, const TierRequest& request,
                                       Time now) {
  const PageTier* old = FindPageTier(stored.tier);
  if (old != nullptr && FindPageTier(request.tier) < old) {
    return azure::Fail(azure::ErrorCode::kCannotChangeToLowerTier);
  }
  return TierChange{ExplicitTier(request.tier, now)};
}

/// The same tier is asked for again while it is on the way.
azure::Outcome<TierChange> AskAgain(TierState tier, const TierRequest& request,
                                    const RehydrationTimes& times, Time now) {
  if (tier.rehydrating_to != request.tier) {
    return azure::Fail(azure::ErrorCode::kBlobBeingRehydrated);
  }
  if (request.priority == RehydratePriority::kHigh) {
    tier.rehydrate_priority = RehydratePriorityName(request.priority);
    tier.rehydrated = std::min<Time>(tier.rehydrated, now + times.high);
  }
  return TierChange{std::move(tier), true};
}

TierState StartRehydration(TierState tier, const TierRequest& request,
                           const RehydrationTimes& times, Time now) {
  tier.rehydrating_to = request.tier;
  tier.rehydrate_priority = RehydratePriorityName(request.priority);
  tier.rehydrated = now + times.Of(request.priority);
  return tier;
}

}  // namespace

std::string_view RehydratePriorityName(RehydratePriority priority) {
  return priority == RehydratePriority::kHigh ? "High" : "Standard";
}

azure::Outcome<RehydratePriority> ParseRehydratePriority(std::string_view text) {
  using enum RehydratePriority;
  if (text.empty()) return kStandard;
  for (const RehydratePriority priority : {kStandard, kHigh}) {
    if (EqualsIgnoreCase(text, RehydratePriorityName(priority))) return priority;
  }
  return azure::Fail(azure::InvalidHeader("x-ms-rehydrate-priority", text));
}

azure::Outcome<std::string> ParseTier(std::string_view text) {
  const auto same = [text](std::string_view name) { return EqualsIgnoreCase(name, text); };
  if (const auto it = std::ranges::find_if(kBlockTiers, same); it != kBlockTiers.end()) {
    return std::string(*it);
  }
  if (const PageTier* tier = FindPageTier(text)) return std::string(tier->name);
  if (std::ranges::any_of(kOtherTiers, same)) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobTier);
  }
  return azure::Fail(azure::InvalidHeader("x-ms-access-tier", text));
}

azure::Outcome<void> CheckTierFits(std::string_view tier, BlobType type, std::uint64_t length) {
  if (type == BlobType::kAppend) {
    return azure::Fail(azure::ErrorCode::kAccessTierNotSupportedForBlobType);
  }
  const PageTier* of_page = FindPageTier(tier);
  if ((type == BlobType::kPage) != (of_page != nullptr)) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobTier);
  }
  if (of_page != nullptr && length > of_page->gib << 30) {
    return azure::Fail(azure::ErrorCode::kBlobTierInadequateForContentLength);
  }
  return {};
}

azure::Outcome<void> CheckTierOfAccount(std::string_view tier, std::string_view kind,
                                        std::string_view sku) {
  if (FindPageTier(tier) != nullptr) return {};
  const bool tiered =
      kind != "Storage" && kind != "BlockBlobStorage" && !sku.starts_with("Premium");
  const bool zones = sku.ends_with("ZRS");
  if (!tiered || (zones && tier == kArchiveTier)) {
    return azure::Fail(azure::ErrorCode::kBlobAccessTierNotSupportedForAccountType);
  }
  return {};
}

TierState TierAt(const TierState& tier, Time now) {
  if (tier.rehydrating_to.empty() || tier.rehydrated > now) return tier;
  return ExplicitTier(tier.rehydrating_to, tier.rehydrated);
}

bool IsArchived(const TierState& tier, Time now) {
  if (tier.tier != kArchiveTier) return false;
  return tier.rehydrating_to.empty() || tier.rehydrated > now;
}

TierState ExplicitTier(std::string tier, Time now) {
  TierState state;
  state.tier = std::move(tier);
  state.inferred = false;
  state.changed = now;
  return state;
}

azure::Outcome<TierChange> SetTier(const TierState& stored, BlobType type,
                                   const TierRequest& request, const RehydrationTimes& times,
                                   Time now) {
  if (type == BlobType::kPage) return SetPageTier(stored, request, now);
  TierState tier = TierAt(stored, now);
  if (!tier.rehydrating_to.empty()) return AskAgain(std::move(tier), request, times, now);
  if (tier.tier != kArchiveTier) return TierChange{ExplicitTier(request.tier, now)};
  if (request.tier == kArchiveTier) return TierChange{std::move(tier)};
  return TierChange{StartRehydration(std::move(tier), request, times, now), true};
}

azure::Outcome<bool> CheckArchivedSource(const TierState& source, std::string_view new_tier,
                                         bool same_account, Time now) {
  if (!IsArchived(source, now)) return false;
  if (new_tier.empty() || new_tier == kArchiveTier || !same_account) {
    return azure::Fail(azure::ErrorCode::kBlobArchived);
  }
  if (!source.rehydrating_to.empty()) {
    return azure::Fail(azure::ErrorCode::kBlobBeingRehydrated);
  }
  return true;
}

TierState RehydratingCopy(const TierRequest& request, const RehydrationTimes& times, Time now) {
  return StartRehydration(ExplicitTier(std::string(kArchiveTier), now), request, times, now);
}

}  // namespace blobgate::blob
