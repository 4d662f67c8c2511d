#include "operations/tier.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"

namespace blobgate::operations {
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

}  // namespace

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

azure::Outcome<void> CheckTierFits(std::string_view tier, blob::BlobType type,
                                   std::uint64_t length) {
  if (type == blob::BlobType::kAppend) {
    return azure::Fail(azure::ErrorCode::kAccessTierNotSupportedForBlobType);
  }
  const PageTier* of_page = FindPageTier(tier);
  if ((type == blob::BlobType::kPage) != (of_page != nullptr)) {
    return azure::Fail(azure::ErrorCode::kInvalidBlobTier);
  }
  if (of_page != nullptr && length > of_page->gib << 30) {
    return azure::Fail(azure::ErrorCode::kBlobTierInadequateForContentLength);
  }
  return {};
}

azure::Outcome<blob::TierState> ChangePageTier(const blob::TierState& stored,
                                               const std::string& tier, Time now) {
  const PageTier* old = FindPageTier(stored.tier);
  if (old != nullptr && FindPageTier(tier) < old) {
    return azure::Fail(azure::ErrorCode::kCannotChangeToLowerTier);
  }
  return ExplicitTier(tier, now);
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
