#include "blob/lease.h"

#include <algorithm>
#include <chrono>

#include "base/encoding.h"
#include "base/uuid.h"

namespace blobgate::blob {
namespace {

using azure::ErrorCode;
using azure::Outcome;
using enum LeaseState;

// The error with "container" where Azure's table says "blob", or the reverse.
azure::Error Worded(ErrorCode code, LeaseSubject subject) {
  std::string text(azure::InfoOf(code).message);
  const bool blob = subject == LeaseSubject::kBlob;
  const std::string_view from = blob ? "the container" : "the blob";
  if (std::size_t at = text.find(from); at != std::string::npos) {
    text.replace(at, from.size(), blob ? "the blob" : "the container");
    return azure::Error(code).WithMessage(std::move(text));
  }
  return code;
}

bool SameId(const LeaseRecord& lease, std::string_view id) {
  return !lease.id.empty() && EqualsIgnoreCase(lease.id, id);
}

Time After(Time now, std::int32_t seconds) {
  return now + std::chrono::seconds(seconds);
}

LeaseRecord Leased(std::string id, std::int32_t duration, Time now) {
  return {LeaseRecord::State::kLeased, std::move(id), duration,
          duration == -1 ? Time{} : After(now, duration)};
}

Outcome<LeaseChange> Acquire(const LeaseRecord& lease, const LeaseRequest& request, Time now) {
  const LeaseState state = StateAt(lease, now);
  const bool same = SameId(lease, request.proposed_id);
  if (state == kBreaking && same) return Fail(ErrorCode::kLeaseIsBreakingAndCannotBeAcquired);
  if (state == kBreaking || (state == kLeased && !same)) {
    return Fail(ErrorCode::kLeaseAlreadyPresent);
  }
  const std::string id = request.proposed_id.empty() ? NewUuid() : request.proposed_id;
  return LeaseChange{Leased(id, request.duration.value_or(-1), now), 201, id, {}};
}

Outcome<LeaseChange> Renew(const LeaseRecord& lease, const LeaseRequest& request, Time now,
                           LeaseSubject subject) {
  if (!SameId(lease, request.lease_id)) {
    return Fail(Worded(ErrorCode::kLeaseIdMismatchWithLeaseOperation, subject));
  }
  const LeaseState state = StateAt(lease, now);
  if (state == kBreaking || state == kBroken) {
    return Fail(ErrorCode::kLeaseIsBrokenAndCannotBeRenewed);
  }
  return LeaseChange{Leased(lease.id, lease.duration, now), 200, lease.id, {}};
}

Outcome<LeaseChange> Change(const LeaseRecord& lease, const LeaseRequest& request, Time now,
                            LeaseSubject subject) {
  const LeaseState state = StateAt(lease, now);
  if (state != kLeased && state != kBreaking) {
    return Fail(Worded(ErrorCode::kLeaseNotPresentWithLeaseOperation, subject));
  }
  // Naming the current id as the new one repeats a change that was already made.
  if (!SameId(lease, request.lease_id) && !SameId(lease, request.proposed_id)) {
    return Fail(Worded(ErrorCode::kLeaseIdMismatchWithLeaseOperation, subject));
  }
  if (state == kBreaking) return Fail(ErrorCode::kLeaseIsBreakingAndCannotBeChanged);
  LeaseRecord changed = lease;
  changed.id = request.proposed_id;
  return LeaseChange{std::move(changed), 200, request.proposed_id, {}};
}

Outcome<LeaseChange> Release(const LeaseRecord& lease, const LeaseRequest& request,
                             LeaseSubject subject) {
  if (!SameId(lease, request.lease_id)) {
    return Fail(Worded(ErrorCode::kLeaseIdMismatchWithLeaseOperation, subject));
  }
  return LeaseChange{LeaseRecord{}, 200, {}, {}};
}

// When a break asked for now takes effect; `now` itself: at once.
Time BreakTime(const LeaseRecord& lease, const LeaseRequest& request, Time now) {
  const bool infinite = lease.state == LeaseRecord::State::kLeased && lease.duration == -1;
  if (infinite) return After(now, request.break_period.value_or(0));
  if (!request.break_period) return lease.ends;
  return std::min(After(now, *request.break_period), lease.ends);
}

Outcome<LeaseChange> Break(const LeaseRecord& lease, const LeaseRequest& request, Time now,
                           LeaseSubject subject) {
  const LeaseState state = StateAt(lease, now);
  if (state == kAvailable) {
    return Fail(Worded(ErrorCode::kLeaseNotPresentWithLeaseOperation, subject));
  }
  const bool current = state == kLeased || state == kBreaking;
  const Time broken_at = current ? BreakTime(lease, request, now) : now;
  LeaseChange change{lease, 202, {}, 0};
  if (broken_at <= now) {
    change.lease.state = LeaseRecord::State::kBroken;
    change.lease.ends = {};
  } else {
    change.lease.state = LeaseRecord::State::kBreaking;
    change.lease.ends = broken_at;
    change.lease_time =
        static_cast<std::int32_t>(std::chrono::ceil<std::chrono::seconds>(broken_at - now).count());
  }
  return change;
}

// What an id that was sent means to an operation that is no lease operation.
Outcome<void> CheckId(const LeaseRecord& lease, std::string_view id, LeaseSubject subject,
                      Time now) {
  const LeaseState state = StateAt(lease, now);
  const bool blob = subject == LeaseSubject::kBlob;
  const bool same = SameId(lease, id);
  if (state == kLeased || state == kBreaking) {
    if (same) return {};
    return Fail(blob ? ErrorCode::kLeaseIdMismatchWithBlobOperation
                     : ErrorCode::kLeaseIdMismatchWithContainerOperation);
  }
  if (same && state != kAvailable) return Fail(Worded(ErrorCode::kLeaseLost, subject));
  return Fail(blob ? ErrorCode::kLeaseNotPresentWithBlobOperation
                   : ErrorCode::kLeaseNotPresentWithContainerOperation);
}

}  // namespace

LeaseState StateAt(const LeaseRecord& lease, Time now) {
  switch (lease.state) {
    case LeaseRecord::State::kAvailable:
      return kAvailable;
    case LeaseRecord::State::kLeased:
      return lease.duration != -1 && now >= lease.ends ? kExpired : kLeased;
    case LeaseRecord::State::kBreaking:
      return now >= lease.ends ? kBroken : kBreaking;
    case LeaseRecord::State::kBroken:
      return kBroken;
  }
  return kAvailable;
}

std::string_view LeaseStateName(LeaseState state) {
  switch (state) {
    case kAvailable:
      return "available";
    case kLeased:
      return "leased";
    case kExpired:
      return "expired";
    case kBreaking:
      return "breaking";
    case kBroken:
      return "broken";
  }
  return "available";
}

std::string_view LeaseStatusName(LeaseState state) {
  return state == kLeased || state == kBreaking ? "locked" : "unlocked";
}

std::string_view LeaseDurationName(const LeaseRecord& lease, Time now) {
  if (StateAt(lease, now) != kLeased) return {};
  return lease.duration == -1 ? "infinite" : "fixed";
}

Outcome<LeaseChange> Apply(const LeaseRecord& lease, const LeaseRequest& request, Time now,
                           LeaseSubject subject) {
  switch (request.action) {
    case LeaseRequest::Action::kAcquire:
      return Acquire(lease, request, now);
    case LeaseRequest::Action::kRenew:
      return Renew(lease, request, now, subject);
    case LeaseRequest::Action::kChange:
      return Change(lease, request, now, subject);
    case LeaseRequest::Action::kRelease:
      return Release(lease, request, subject);
    case LeaseRequest::Action::kBreak:
      return Break(lease, request, now, subject);
  }
  return Fail(ErrorCode::kInternalError);
}

Outcome<LeaseRecord> CheckWrite(const LeaseRecord& lease, std::optional<std::string_view> id,
                                LeaseSubject subject, Time now) {
  if (id) BG_CHECK(CheckId(lease, *id, subject, now));
  const LeaseState state = StateAt(lease, now);
  if (state != kLeased && state != kBreaking) return LeaseRecord{};
  if (!id) return Fail(Worded(ErrorCode::kLeaseIdMissing, subject));
  return lease;
}

Outcome<void> CheckRead(const LeaseRecord& lease, std::optional<std::string_view> id,
                        LeaseSubject subject, Time now) {
  if (!id) return {};
  return CheckId(lease, *id, subject, now);
}

}  // namespace blobgate::blob
