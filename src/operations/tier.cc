#include "operations/tier.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace blobgate::operations {
namespace {

constexpr std::array<std::string_view, 4> kBlockTiers = {"Hot", "Cool", "Cold", "Archive"};
constexpr std::array<std::string_view, 13> kOtherTiers = {
    "P4", "P6", "P10", "P15", "P20", "P30", "P40", "P50", "P60", "P70", "P80", "Premium", "Smart"};

}  // namespace

azure::Outcome<std::string> ParseTier(std::string_view text) {
  const auto same = [text](std::string_view name) { return EqualsIgnoreCase(name, text); };
  if (const auto it = std::ranges::find_if(kBlockTiers, same); it != kBlockTiers.end()) {
    return std::string(*it);
  }
  if (std::ranges::any_of(kOtherTiers, same)) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobTier);
  }
  return azure::Fail(azure::InvalidHeader("x-ms-access-tier", text));
}

blob::TierState TierAt(const blob::TierState& tier, Time now) {
  if (tier.rehydrating_to.empty() || tier.rehydrated > now) return tier;
  return ExplicitTier(tier.rehydrating_to, tier.rehydrated);
}

bool IsArchived(const blob::TierState& tier, Time now) {
  if (tier.tier != kArchiveTier) return false;
  return tier.rehydrating_to.empty() || tier.rehydrated > now;
}

blob::TierState ExplicitTier(std::string tier, Time now) {
  blob::TierState state;
  state.tier = std::move(tier);
  state.inferred = false;
  state.changed = now;
  return state;
}

}  // namespace blobgate::operations
