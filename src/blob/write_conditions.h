// The conditions that only append blobs and page blobs have (operations.md 2.5, 2.6). Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "azure/errors.h"
#include "http/request_head.h"

namespace blobgate::blob {

/// x-ms-blob-condition-appendpos and x-ms-blob-condition-maxsize, bytes.
struct AppendConditions {
  std::optional<std::uint64_t> position;
  std::optional<std::uint64_t> max_size;

  /// 400 InvalidHeaderValue for what is no number. Empty values count as absent.
  static azure::Outcome<AppendConditions> Parse(const http::HeaderView& headers);
  /// 412 AppendPositionConditionNotMet unless a blob of `length` bytes ends at `position`; 412
  /// MaxBlobSizeConditionNotMet when it would be longer than `max_size` with `added` bytes more.
  azure::Outcome<void> Check(std::uint64_t length, std::uint64_t added) const;
};

/// x-ms-if-sequence-number-le, -lt and -eq.
struct SequenceConditions {
  std::optional<std::uint64_t> at_most;
  std::optional<std::uint64_t> below;
  std::optional<std::uint64_t> equal;

  /// 400 InvalidHeaderValue for what is no number from 0 to kMaxSequenceNumber.
  static azure::Outcome<SequenceConditions> Parse(const http::HeaderView& headers);
  /// 412 SequenceNumberConditionNotMet unless all that were sent hold for `number`.
  azure::Outcome<void> Check(std::uint64_t number) const;
};

/// What Set Blob Properties does to a sequence number: x-ms-sequence-number-action.
struct SequenceChange {
  enum class Action : std::uint8_t { kMax, kUpdate, kIncrement };
  Action action = Action::kUpdate;
  std::uint64_t number = 0;  ///< of kMax and kUpdate

  /// nullopt: neither header was sent. 400 MissingRequiredHeader: a number without action, or max
  /// or update without number; 400 InvalidHeaderValue: an unknown action, no number, or increment
  /// with a number.
  static azure::Outcome<std::optional<SequenceChange>> Parse(const http::HeaderView& headers);
  /// 409 SequenceNumberIncrementTooLarge beyond kMaxSequenceNumber.
  azure::Outcome<std::uint64_t> Apply(std::uint64_t current) const;
};

/// The value of header `name`, from 0 to `limit`; nullopt when it is absent or empty. 400
/// InvalidHeaderValue otherwise.
azure::Outcome<std::optional<std::uint64_t>> NumberIn(const http::HeaderView& headers,
                                                      std::string_view name, std::uint64_t limit);

}  // namespace blobgate::blob
