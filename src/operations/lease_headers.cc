#include "operations/lease_headers.h"

#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/uuid.h"

namespace blobgate::operations {
namespace {

using Action = blob::LeaseRequest::Action;

constexpr std::string_view kAction = "x-ms-lease-action";
constexpr std::string_view kLeaseId = "x-ms-lease-id";
constexpr std::string_view kProposedId = "x-ms-proposed-lease-id";
constexpr std::string_view kDuration = "x-ms-lease-duration";
constexpr std::string_view kBreakPeriod = "x-ms-lease-break-period";

azure::Outcome<Action> ParseAction(std::string_view text) {
  if (text.empty()) return azure::Fail(azure::MissingHeader(kAction));
  if (EqualsIgnoreCase(text, "acquire")) return Action::kAcquire;
  if (EqualsIgnoreCase(text, "renew")) return Action::kRenew;
  if (EqualsIgnoreCase(text, "change")) return Action::kChange;
  if (EqualsIgnoreCase(text, "release")) return Action::kRelease;
  if (EqualsIgnoreCase(text, "break")) return Action::kBreak;
  return azure::Fail(azure::InvalidHeader(kAction, text));
}

/// The GUID in header `name`, or nothing.
azure::Outcome<std::optional<std::string_view>> GuidIn(const http::HeaderView& headers,
                                                       std::string_view name) {
  const std::string_view text = headers.Get(name);
  if (text.empty()) return std::nullopt;
  if (!IsUuid(text)) return azure::Fail(azure::InvalidHeader(name, text));
  return text;
}

azure::Outcome<std::string> RequiredGuid(const http::HeaderView& headers, std::string_view name) {
  BG_TRY(auto id, GuidIn(headers, name));
  if (!id) return azure::Fail(azure::MissingHeader(name));
  return std::string(*id);
}

azure::Outcome<std::int32_t> ParseDuration(const http::HeaderView& headers) {
  const std::string_view text = headers.Get(kDuration);
  if (text.empty()) return azure::Fail(azure::MissingHeader(kDuration));
  if (text == "-1") return -1;
  const auto seconds = ParseUnsigned(text);
  if (!seconds || *seconds < 15 || *seconds > 60) {
    return azure::Fail(azure::InvalidHeader(kDuration, text));
  }
  return static_cast<std::int32_t>(*seconds);
}

azure::Outcome<std::optional<std::int32_t>> ParseBreakPeriod(const http::HeaderView& headers) {
  const std::string_view text = headers.Get(kBreakPeriod);
  if (text.empty()) return std::nullopt;
  const auto seconds = ParseUnsigned(text);
  if (!seconds || *seconds > 60) return azure::Fail(azure::InvalidHeader(kBreakPeriod, text));
  return static_cast<std::int32_t>(*seconds);
}

}  // namespace

azure::Outcome<std::optional<std::string_view>> LeaseIdOf(const http::HeaderView& headers) {
  return GuidIn(headers, kLeaseId);
}

azure::Outcome<blob::LeaseRequest> ParseLeaseRequest(const http::HeaderView& headers) {
  blob::LeaseRequest request;
  BG_TRY(request.action, ParseAction(headers.Get(kAction)));
  switch (request.action) {
    case Action::kAcquire: {
      BG_TRY(request.duration, ParseDuration(headers));
      BG_TRY(auto proposed, GuidIn(headers, kProposedId));
      request.proposed_id = proposed.value_or("");
      break;
    }
    case Action::kChange: {
      BG_TRY(request.lease_id, RequiredGuid(headers, kLeaseId));
      BG_TRY(request.proposed_id, RequiredGuid(headers, kProposedId));
      break;
    }
    case Action::kRenew:
    case Action::kRelease: {
      BG_TRY(request.lease_id, RequiredGuid(headers, kLeaseId));
      break;
    }
    case Action::kBreak: {
      BG_TRY(request.break_period, ParseBreakPeriod(headers));
      break;
    }
  }
  return request;
}

azure::Outcome<void> CheckLeasePermission(azure::Permissions permissions, Action action) {
  if (permissions.Has('w') || action == Action::kBreak) return {};
  return azure::Fail(azure::ErrorCode::kAuthorizationPermissionMismatch);
}

void SetLeaseState(http::Response& response, const blob::LeaseRecord& lease, Time now) {
  const blob::LeaseState state = blob::StateAt(lease, now);
  response.Set("x-ms-lease-status", std::string(blob::LeaseStatusName(state)));
  response.Set("x-ms-lease-state", std::string(blob::LeaseStateName(state)));
  const std::string_view duration = blob::LeaseDurationName(lease, now);
  if (!duration.empty()) response.Set("x-ms-lease-duration", std::string(duration));
}

void SetLeaseAnswer(http::Response& response, const blob::LeaseChange& change) {
  response.status = change.status;
  if (!change.lease_id.empty()) response.Set("x-ms-lease-id", change.lease_id);
  if (change.lease_time) response.Set("x-ms-lease-time", std::to_string(*change.lease_time));
}

}  // namespace blobgate::operations
