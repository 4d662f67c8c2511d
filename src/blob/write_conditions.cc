#include "blob/write_conditions.h"

#include <algorithm>
#include <limits>

#include "base/encoding.h"
#include "blob/records.h"

namespace blobgate::blob {
namespace {

using azure::ErrorCode;
using azure::Outcome;

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view kNumber = "x-ms-blob-sequence-number";
constexpr std::string_view kAction = "x-ms-sequence-number-action";

Outcome<SequenceChange::Action> ParseAction(std::string_view text) {
  using enum SequenceChange::Action;
  if (EqualsIgnoreCase(text, "max")) return kMax;
  if (EqualsIgnoreCase(text, "update")) return kUpdate;
  if (EqualsIgnoreCase(text, "increment")) return kIncrement;
  return azure::Fail(azure::InvalidHeader(kAction, text));
}

}  // namespace

Outcome<std::optional<std::uint64_t>> NumberIn(const http::HeaderView& headers,
                                               std::string_view name, std::uint64_t limit) {
  const std::string_view text = headers.Get(name);
  if (text.empty()) return std::nullopt;
  const auto number = ParseUnsigned(text);
  if (!number || *number > limit) return azure::Fail(azure::InvalidHeader(name, text));
  return number;
}

Outcome<AppendConditions> AppendConditions::Parse(const http::HeaderView& headers) {
  AppendConditions conditions;
  BG_TRY(conditions.position, NumberIn(headers, "x-ms-blob-condition-appendpos", kAny));
  BG_TRY(conditions.max_size, NumberIn(headers, "x-ms-blob-condition-maxsize", kAny));
  return conditions;
}

Outcome<void> AppendConditions::Check(std::uint64_t length, std::uint64_t added) const {
  if (position && *position != length) {
    return azure::Fail(ErrorCode::kAppendPositionConditionNotMet);
  }
  if (max_size && (length > *max_size || added > *max_size - length)) {
    return azure::Fail(ErrorCode::kMaxBlobSizeConditionNotMet);
  }
  return {};
}

Outcome<SequenceConditions> SequenceConditions::Parse(const http::HeaderView& headers) {
  SequenceConditions conditions;
  BG_TRY(conditions.at_most, NumberIn(headers, "x-ms-if-sequence-number-le", kMaxSequenceNumber));
  BG_TRY(conditions.below, NumberIn(headers, "x-ms-if-sequence-number-lt", kMaxSequenceNumber));
  BG_TRY(conditions.equal, NumberIn(headers, "x-ms-if-sequence-number-eq", kMaxSequenceNumber));
  return conditions;
}

Outcome<void> SequenceConditions::Check(std::uint64_t number) const {
  const bool holds = (!at_most || number <= *at_most) && (!below || number < *below) &&
                     (!equal || number == *equal);
  if (!holds) return azure::Fail(ErrorCode::kSequenceNumberConditionNotMet);
  return {};
}

Outcome<std::optional<SequenceChange>> SequenceChange::Parse(const http::HeaderView& headers) {
  BG_TRY(const auto number, NumberIn(headers, kNumber, kMaxSequenceNumber));
  const std::string_view action = headers.Get(kAction);
  if (action.empty()) {
    if (number) return azure::Fail(azure::MissingHeader(kAction));
    return std::nullopt;
  }
  SequenceChange change;
  BG_TRY(change.action, ParseAction(action));
  if (change.action == Action::kIncrement) {
    if (number) return azure::Fail(azure::InvalidHeader(kNumber, headers.Get(kNumber)));
    return std::optional(change);
  }
  if (!number) return azure::Fail(azure::MissingHeader(kNumber));
  change.number = *number;
  return std::optional(change);
}

Outcome<std::uint64_t> SequenceChange::Apply(std::uint64_t current) const {
  switch (action) {
    case Action::kMax:
      return std::max(current, number);
    case Action::kUpdate:
      return number;
    case Action::kIncrement:
      break;
  }
  if (current >= kMaxSequenceNumber) {
    return azure::Fail(ErrorCode::kSequenceNumberIncrementTooLarge);
  }
  return current + 1;
}

}  // namespace blobgate::blob
