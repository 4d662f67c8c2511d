// Access tiers of block blobs (operations.md 1.14). Pure.
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

/// The canonical spelling of a block blob's tier, whatever the case of `text`: Hot, Cool, Cold,
/// Archive. 400 InvalidBlobTier for tiers that only other blobs or accounts have (P4, Premium,
/// Smart), 400 InvalidHeaderValue (x-ms-access-tier) for anything else.
azure::Outcome<std::string> ParseTier(std::string_view text);

/// The tier at `now`: a rehydration whose time is over has happened, though no row was written.
blob::TierState TierAt(const blob::TierState& tier, Time now);
/// True while the content cannot be read: archived, rehydrating included.
bool IsArchived(const blob::TierState& tier, Time now);

/// A tier chosen by a request.
blob::TierState ExplicitTier(std::string tier, Time now);

}  // namespace blobgate::operations
