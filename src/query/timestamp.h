// Dates of the query language: ISO 8601 text, and the functions on them (docs/query.md "Dates").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "query/value.h"

namespace blobgate::query {

enum class DatePart : std::uint8_t {
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kSecond,
  kTimezoneHour,    ///< EXTRACT only
  kTimezoneMinute,  ///< EXTRACT only
};

/// In any case; nullopt: no such part.
std::optional<DatePart> DatePartOf(std::string_view name);

/// `YYYY`, `YYYY-MM`, `YYYY-MM-DD`, each with or without a `T` behind it, or
/// `YYYY-MM-DDThh:mm[:ss[.f+]]` with `Z`, `+hh:mm` or no zone, which is UTC. Years 0001 to 9999.
/// Digits beyond 100 ns are dropped.
std::optional<Timestamp> ParseTimestamp(std::string_view text);

/// `2017-01-02T03:04:05.006Z`: fraction without zeros at its end, zone as it was written.
std::string FormatTimestamp(const Timestamp& at);

/// TO_STRING: the letters of docs/query.md; text in single quotes and all that is no letter is
/// copied. nullopt: another letter.
std::optional<std::string> FormatTimestamp(const Timestamp& at, std::string_view format);

/// nullopt: out of the years 0001 to 9999, or no part for it. The day becomes the last of a shorter
/// month.
std::optional<Timestamp> AddToDate(DatePart part, std::int64_t count, const Timestamp& at);
/// Whole parts from `from` to `to`; negative when `to` is earlier. nullopt: no part for it.
std::optional<std::int64_t> DateDifference(DatePart part, const Timestamp& from,
                                           const Timestamp& to);
/// In the zone that the timestamp was written with.
std::int64_t ExtractPart(DatePart part, const Timestamp& at);

}  // namespace blobgate::query
