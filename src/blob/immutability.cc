#include "blob/immutability.h"

#include <string_view>

#include "base/encoding.h"

namespace blobgate::blob {
namespace {

using Mode = Immutability::Mode;

constexpr std::string_view kUntil = "x-ms-immutability-policy-until-date";
constexpr std::string_view kMode = "x-ms-immutability-policy-mode";
constexpr std::string_view kHold = "x-ms-legal-hold";

azure::Outcome<std::optional<Time>> ParseUntil(std::string_view text, Time now) {
  if (text.empty()) return std::nullopt;
  const auto until = ParseHttpDate(text);
  if (!until || *until <= now) return azure::Fail(azure::InvalidHeader(kUntil, text));
  return until;
}

azure::Outcome<std::optional<Mode>> ParseMode(std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (const Mode mode : {Mode::kUnlocked, Mode::kLocked}) {
    if (EqualsIgnoreCase(text, ImmutabilityModeName(mode))) return mode;
  }
  return azure::Fail(azure::InvalidHeader(kMode, text));
}

azure::Outcome<std::optional<bool>> ParseHold(std::string_view text) {
  if (text.empty()) return std::nullopt;
  if (EqualsIgnoreCase(text, "true")) return true;
  if (EqualsIgnoreCase(text, "false")) return false;
  return azure::Fail(azure::InvalidHeader(kHold, text));
}

}  // namespace

azure::Outcome<ImmutabilityRequest> ImmutabilityRequest::Parse(const http::HeaderView& headers,
                                                               Time now) {
  ImmutabilityRequest request;
  BG_TRY(request.until, ParseUntil(headers.Get(kUntil), now));
  BG_TRY(request.mode, ParseMode(headers.Get(kMode)));
  BG_TRY(request.legal_hold, ParseHold(headers.Get(kHold)));
  if (request.mode && !request.until) return azure::Fail(azure::MissingHeader(kUntil));
  return request;
}

std::string_view ImmutabilityModeName(Mode mode) {
  switch (mode) {
    case Mode::kNone:
      return {};
    case Mode::kUnlocked:
      return "unlocked";
    case Mode::kLocked:
      return "locked";
  }
  return {};
}

Immutability NewImmutability(const ImmutabilityRequest& request) {
  Immutability state;
  if (request.until) {
    state.mode = request.mode.value_or(Mode::kUnlocked);
    state.until = *request.until;
  }
  state.legal_hold = request.legal_hold.value_or(false);
  return state;
}

azure::Outcome<Immutability> SetPolicy(const Immutability& stored,
                                       const ImmutabilityRequest& request) {
  const bool locked = stored.mode == Mode::kLocked;
  const Mode mode = request.mode.value_or(locked ? Mode::kLocked : Mode::kUnlocked);
  if (locked && (mode != Mode::kLocked || *request.until < stored.until)) {
    return azure::Fail(azure::ErrorCode::kBlobImmutableDueToPolicy);
  }
  Immutability state = stored;
  state.mode = mode;
  state.until = *request.until;
  return state;
}

azure::Outcome<Immutability> DeletePolicy(const Immutability& stored) {
  if (stored.mode == Mode::kLocked) {
    return azure::Fail(azure::ErrorCode::kImmutabilityPolicyDeleteOnLockedPolicy);
  }
  Immutability state = stored;
  state.mode = Mode::kNone;
  state.until = {};
  return state;
}

bool IsRetained(const Immutability& stored, Time now) {
  return stored.legal_hold || (stored.mode != Mode::kNone && stored.until > now);
}

azure::Outcome<void> CheckDelete(const Immutability& stored, Time now) {
  if (stored.mode != Mode::kNone && stored.until > now) {
    return azure::Fail(azure::ErrorCode::kBlobImmutableDueToPolicy);
  }
  if (stored.legal_hold) return azure::Fail(azure::ErrorCode::kBlobImmutableDueToLegalHold);
  return {};
}

azure::Outcome<void> CheckChange(const Immutability& stored) {
  if (stored.mode != Mode::kNone) return azure::Fail(azure::ErrorCode::kBlobImmutableDueToPolicy);
  if (stored.legal_hold) return azure::Fail(azure::ErrorCode::kBlobImmutableDueToLegalHold);
  return {};
}

azure::Outcome<void> CheckOverwrite(const Immutability& stored, bool keeps_former) {
  if (keeps_former) return {};
  return CheckChange(stored);
}

}  // namespace blobgate::blob
