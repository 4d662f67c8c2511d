// The lease state machine of blobs and containers (operations.md 1.6). Pure; the caller commits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "azure/errors.h"
#include "base/time.h"
#include "blob/records.h"

namespace blobgate::blob {

enum class LeaseState : std::uint8_t { kAvailable, kLeased, kExpired, kBreaking, kBroken };
enum class LeaseSubject : std::uint8_t { kBlob, kContainer };

/// The state at `now`: a lease runs out by itself.
LeaseState StateAt(const LeaseRecord& lease, Time now);
/// "available" and so on, and "locked" or "unlocked".
std::string_view LeaseStateName(LeaseState state);
std::string_view LeaseStatusName(LeaseState state);
/// "infinite" or "fixed" while leased, else empty.
std::string_view LeaseDurationName(const LeaseRecord& lease, Time now);

struct LeaseRequest {
  enum class Action : std::uint8_t { kAcquire, kRenew, kChange, kRelease, kBreak };
  Action action = Action::kAcquire;
  std::string lease_id;
  std::string proposed_id;
  std::optional<std::int32_t> duration;      ///< seconds, -1 infinite
  std::optional<std::int32_t> break_period;  ///< seconds
};

struct LeaseChange {
  LeaseRecord lease;                       ///< to store
  unsigned status = 200;                   ///< 201 acquire, 202 break, else 200
  std::string lease_id;                    ///< x-ms-lease-id; empty: not sent
  std::optional<std::int32_t> lease_time;  ///< x-ms-lease-time (break)
};

/// The effect of one lease operation at `now`, or the 409 of the table. `subject` only chooses the
/// wording of errors. REQUIRES: the request was validated: a duration for acquire, ids where the
/// action needs them.
azure::Outcome<LeaseChange> Apply(const LeaseRecord& lease, const LeaseRequest& request, Time now,
                                  LeaseSubject subject = LeaseSubject::kBlob);

/// May a write go on, given x-ms-lease-id (nullopt: not sent)? On success the lease as it is to be
/// stored with the write: a broken or expired one becomes available. `Delete Container` is the only
/// container operation that counts as a write.
azure::Outcome<LeaseRecord> CheckWrite(const LeaseRecord& lease, std::optional<std::string_view> id,
                                       LeaseSubject subject, Time now);
/// May a read (or a container operation other than delete) go on?
azure::Outcome<void> CheckRead(const LeaseRecord& lease, std::optional<std::string_view> id,
                               LeaseSubject subject, Time now);

}  // namespace blobgate::blob
