// Access tiers of block and page blobs: what a blob may have, what Set Blob Tier makes of it, and
// rehydration, which happens by the clock (operations.md 1.14). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/time.h"
#include "blob/records.h"

namespace blobgate::blob {

inline constexpr std::string_view kDefaultTier = "Hot";
inline constexpr std::string_view kArchiveTier = "Archive";

/// x-ms-rehydrate-priority.
enum class RehydratePriority : std::uint8_t { kStandard, kHigh };

/// "Standard" | "High", as on the wire.
std::string_view RehydratePriorityName(RehydratePriority priority);
/// Without case; empty: Standard. 400 InvalidHeaderValue.
azure::Outcome<RehydratePriority> ParseRehydratePriority(std::string_view text);

/// How long a blob stays archived after it was asked back. Azure takes hours; our Archive is as
/// near as any other tier, so that by default this only keeps the intermediate state visible.
struct RehydrationTimes {
  std::chrono::seconds standard{5};
  std::chrono::seconds high{1};

  std::chrono::seconds Of(RehydratePriority priority) const {
    return priority == RehydratePriority::kHigh ? high : standard;
  }
};

/// The canonical spelling of a tier, whatever the case of `text`: Hot, Cool, Cold, Archive of block
/// blobs, P4 to P80 of page blobs. 400 InvalidBlobTier for tiers that only other accounts have
/// (Premium, Smart), 400 InvalidHeaderValue (x-ms-access-tier) for anything else.
azure::Outcome<std::string> ParseTier(std::string_view text);

/// May a blob of `type` with `length` bytes have `tier` (in canonical spelling)? 400
/// AccessTierNotSupportedForBlobType for append blobs, 400 InvalidBlobTier for a tier of the other
/// type, 409 BlobTierInadequateForContentLength for a page blob that is too long for it.
azure::Outcome<void> CheckTierFits(std::string_view tier, BlobType type, std::uint64_t length);

/// May a blob of an account of that kind and SKU have `tier`? 409
/// BlobAccessTierNotSupportedForAccountType: tiers of block blobs in general-purpose v1 and premium
/// accounts, Archive where the account is zone-redundant.
azure::Outcome<void> CheckTierOfAccount(std::string_view tier, std::string_view kind,
                                        std::string_view sku);

/// The tier at `now`: a rehydration whose time is over has happened, though no row was written.
TierState TierAt(const TierState& tier, Time now);
/// True while the content cannot be read: archived, rehydrating included.
bool IsArchived(const TierState& tier, Time now);

/// A tier chosen by a request.
TierState ExplicitTier(std::string tier, Time now);

/// What Set Blob Tier asks for; `tier` in canonical spelling.
struct TierRequest {
  std::string tier;
  RehydratePriority priority = RehydratePriority::kStandard;
};

/// The state to store.
struct TierChange {
  TierState tier;
  bool rehydrates = false;  ///< 202: it is on the way
};

/// Set Blob Tier on a blob of `type` whose stored tier is `stored`. Out of Archive it starts a
/// rehydration; while that lasts the same tier may be asked for again, which can raise the priority
/// but not lower it, and any other is 409 BlobBeingRehydrated. Page blobs only go up: 409
/// CannotChangeToLowerTier. REQUIRES: CheckTierFits.
azure::Outcome<TierChange> SetTier(const TierState& stored, BlobType type,
                                   const TierRequest& request, const RehydrationTimes& times,
                                   Time now);

/// Does a copy of a blob with `source` bring it back from Archive? True: the new blob starts as
/// RehydratingCopy. 409 BlobArchived when it is archived and the copy names no online tier
/// (`new_tier` in canonical spelling, empty: none) or goes to another account, 409
/// BlobBeingRehydrated when Set Blob Tier is bringing it back already.
azure::Outcome<bool> CheckArchivedSource(const TierState& source, std::string_view new_tier,
                                         bool same_account, Time now);

/// The tier of a blob that is copied out of Archive: archived itself until its time comes.
TierState RehydratingCopy(const TierRequest& request, const RehydrationTimes& times, Time now);

}  // namespace blobgate::blob
