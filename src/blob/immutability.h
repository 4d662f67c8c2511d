// Immutability policies and legal holds of blob versions (operations.md 1.18). Pure.
//
// A state of a blob (the base blob, a snapshot, a previous version) is retained until a date by its
// policy, and without end by a legal hold; each works without the other. An unlocked policy may be
// changed and removed, a locked one only extended. While either is in force the state cannot be
// deleted. What changes a state in place is refused for good once it has had a policy, even when
// the date is past; new content is no such change where the former state stays as a version.
#pragma once

#include <optional>
#include <string_view>

#include "azure/errors.h"
#include "base/time.h"
#include "blob/records.h"
#include "http/request_head.h"

namespace blobgate::blob {

/// What a request asks for.
struct ImmutabilityRequest {
  std::optional<Time> until;  ///< x-ms-immutability-policy-until-date, whole seconds
  std::optional<Immutability::Mode> mode;
  std::optional<bool> legal_hold;

  bool empty() const { return !until && !mode && !legal_hold; }
  /// Does it ask for protection? `x-ms-legal-hold: false` does not.
  bool protects() const { return until || mode || legal_hold.value_or(false); }

  /// From x-ms-immutability-policy-until-date, x-ms-immutability-policy-mode and x-ms-legal-hold;
  /// empty values count as absent. 400 InvalidHeaderValue for a date that is none or not after
  /// `now`, a mode other than unlocked and locked, a hold other than true and false; 400
  /// MissingRequiredHeader for a mode without date.
  static azure::Outcome<ImmutabilityRequest> Parse(const http::HeaderView& headers, Time now);
};

/// "unlocked" | "locked", as the service answers; empty: there is no policy.
std::string_view ImmutabilityModeName(Immutability::Mode mode);

/// Of a new blob.
Immutability NewImmutability(const ImmutabilityRequest& request);

/// Set Blob Immutability Policy. Without a mode a locked policy stays locked and any other is
/// unlocked. 409 BlobImmutableDueToPolicy when it would shorten or unlock a locked one. REQUIRES:
/// request.until.
azure::Outcome<Immutability> SetPolicy(const Immutability& stored,
                                       const ImmutabilityRequest& request);
/// Delete Blob Immutability Policy. 409 ImmutabilityPolicyDeleteOnLockedPolicy.
azure::Outcome<Immutability> DeletePolicy(const Immutability& stored);

/// Is the state retained at `now`? It must then outlive everything.
bool IsRetained(const Immutability& stored, Time now);
/// May the state go? 409 BlobImmutableDueToPolicy, BlobImmutableDueToLegalHold.
azure::Outcome<void> CheckDelete(const Immutability& stored, Time now);
/// May it change in place (metadata, properties, appended blocks, pages)? The same errors, also
/// after the date of its policy.
azure::Outcome<void> CheckChange(const Immutability& stored);
/// May it get new content? `keeps_former`: the state as it was stays as a version, which is no
/// change of it. Otherwise as CheckChange.
azure::Outcome<void> CheckOverwrite(const Immutability& stored, bool keeps_former);

}  // namespace blobgate::blob
