// Access tiers of block and page blobs (operations.md 1.14). Pure.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/time.h"
#include "blob/records.h"

namespace blobgate::operations {

/// How long a blob stays archived after Set Blob Tier asked for it back. Azure takes hours; our
/// Archive is as near as any other tier, so that this only keeps the intermediate state visible.
inline constexpr std::chrono::seconds kRehydration{5};

inline constexpr std::string_view kDefaultTier = "Hot";
inline constexpr std::string_view kArchiveTier = "Archive";

/// The canonical spelling of a tier, whatever the case of `text`: Hot, Cool, Cold, Archive of block
/// blobs, P4 to P80 of page blobs. 400 InvalidBlobTier for tiers that only other accounts have
/// (Premium, Smart), 400 InvalidHeaderValue (x-ms-access-tier) for anything else.
azure::Outcome<std::string> ParseTier(std::string_view text);

/// May a blob of `type` with `length` bytes have `tier` (in canonical spelling)? 400
/// AccessTierNotSupportedForBlobType for append blobs, 400 InvalidBlobTier for a tier of the other
/// type, 409 BlobTierInadequateForContentLength for a page blob that is too long for it.
azure::Outcome<void> CheckTierFits(std::string_view tier, blob::BlobType type,
                                   std::uint64_t length);

/// The tier of a page blob after Set Blob Tier: 409 CannotChangeToLowerTier.
azure::Outcome<blob::TierState> ChangePageTier(const blob::TierState& stored,
                                               const std::string& tier, Time now);

/// The tier at `now`: a rehydration whose time is over has happened, though no row was written.
blob::TierState TierAt(const blob::TierState& tier, Time now);
/// True while the content cannot be read: archived, rehydrating included.
bool IsArchived(const blob::TierState& tier, Time now);

/// A tier chosen by a request.
blob::TierState ExplicitTier(std::string tier, Time now);

}  // namespace blobgate::operations
