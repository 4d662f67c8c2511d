#include "query/parquet/to_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <limits>

#include "base/time.h"
#include "query/parquet/bytes.h"
#include "query/parquet/decimal_text.h"

namespace blobgate::query::parquet {
namespace {

constexpr auto kFailed = std::unexpected(kInvalidTypeConversion);
/// Digits that a double holds, whichever they are.
constexpr std::uint32_t kFloatDigits = 15;
constexpr std::uint32_t kIntDigits = 18;
/// Bytes of a decimal.
constexpr std::size_t kMaxDecimal = 64;

constexpr Time kFirst = std::chrono::sys_days{std::chrono::year{1} / 1 / 1};
constexpr Time kEnd = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};
constexpr std::int64_t kDaySeconds = 86'400;

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

/// `count` units since 1970.
OrError<Value> TimestampOf(std::int64_t count, std::int64_t per_second) {
  constexpr std::int64_t kTicks = Ticks::period::den;
  if (per_second > kTicks) return Timestamp{Time(Ticks(FloorDivide(count, per_second / kTicks)))};
  const std::int64_t ticks = kTicks / per_second;
  if (count < kFirst.time_since_epoch().count() / ticks ||
      count >= kEnd.time_since_epoch().count() / ticks) {
    return kFailed;
  }
  return Timestamp{Time(Ticks(count * ticks))};
}

/// Nanoseconds of the day, and the Julian day.
OrError<Value> TimestampOfInt96(std::string_view bytes) {
  constexpr std::int64_t kJulianEpoch = 2'440'588;
  const auto nanos = Load<std::int64_t>(bytes);
  const std::int64_t days = std::int64_t{Load<std::int32_t>(bytes.substr(8))} - kJulianEpoch;
  const auto first = std::chrono::floor<std::chrono::days>(kFirst).time_since_epoch().count();
  const auto end = std::chrono::floor<std::chrono::days>(kEnd).time_since_epoch().count();
  if (days < first || days >= end) return kFailed;
  if (nanos < 0 || nanos >= kDaySeconds * 1'000'000'000) return kFailed;
  return Timestamp{std::chrono::sys_days{std::chrono::days{days}} + Ticks(nanos / 100)};
}

/// `2026-01-15`
OrError<Value> DateOf(std::int64_t days, std::string& made) {
  if (days < std::numeric_limits<std::int32_t>::min() / 2 ||
      days > std::numeric_limits<std::int32_t>::max() / 2) {
    return kFailed;
  }
  const std::chrono::sys_days day{std::chrono::days{days}};
  if (day < std::chrono::floor<std::chrono::days>(kFirst) ||
      day >= std::chrono::floor<std::chrono::days>(kEnd)) {
    return kFailed;
  }
  const std::chrono::year_month_day date{day};
  made = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return std::string_view(made);
}

/// `12:34:56.789`, the fraction without zeros at its end.
OrError<Value> TimeOf(std::int64_t count, std::int64_t per_second, std::string& made) {
  const std::int64_t seconds = FloorDivide(count, per_second);
  if (seconds < 0 || seconds >= kDaySeconds) return kFailed;
  made = fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
  if (const std::int64_t fraction = count % per_second; fraction > 0) {
    made += '.';
    made += std::to_string(per_second + fraction).substr(1);
    made.erase(made.find_last_not_of('0') + 1);
  }
  return std::string_view(made);
}

/// As near as its text is: 0.1f is 0.1.
double Widen(float value) {
  if (!std::isfinite(value)) return value;
  const std::string text = fmt::format("{}", value);
  double wide = value;
  std::from_chars(text.data(), text.data() + text.size(), wide);
  return wide;
}

double HalfOf(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1F;
  const int mantissa = bits & 0x3FF;
  double value = 0;
  if (exponent == 0x1F) {
    value = mantissa ? std::numeric_limits<double>::quiet_NaN()
                     : std::numeric_limits<double>::infinity();
  } else {
    value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(mantissa | 0x400, exponent - 25);
  }
  return bits & 0x8000 ? -value : value;
}

/// An INT or a FLOAT where they hold all digits that the column has; else text.
OrError<Value> DecimalOf(const ColumnType& type, const Stored& stored, std::string& made) {
  std::string bytes(stored.bytes);
  if (type.physical == Physical::kInt32 || type.physical == Physical::kInt64) {
    bytes.assign(reinterpret_cast<const char*>(&stored.integer), sizeof stored.integer);
    std::ranges::reverse(bytes);
  }
  if (bytes.size() > kMaxDecimal) return kFailed;
  made = DecimalText(bytes, type.scale);
  if (type.scale == 0 && type.precision <= kIntDigits) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(made.data(), made.data() + made.size(), number);
    if (error == std::errc()) return number;
  } else if (type.precision <= kFloatDigits) {
    double number = 0;
    std::from_chars(made.data(), made.data() + made.size(), number);
    return number;
  }
  return std::string_view(made);
}

OrError<Value> UnsignedOf(std::uint32_t bits, std::int64_t integer, std::string& made) {
  if (bits < 64) return static_cast<std::int64_t>(integer & ((std::int64_t{1} << bits) - 1));
  if (integer >= 0) return integer;
  made = std::to_string(static_cast<std::uint64_t>(integer));
  return std::string_view(made);
}

OrError<Value> UuidOf(std::string_view bytes, std::string& made) {
  made.clear();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) made += '-';
    made += fmt::format("{:02x}", static_cast<unsigned char>(bytes[i]));
  }
  return std::string_view(made);
}

/// `P1M2DT3.004S`
OrError<Value> IntervalOf(std::string_view bytes, std::string& made) {
  const auto millis = Load<std::uint32_t>(bytes.substr(8));
  made = fmt::format("P{}M{}DT{}.{:03}S", Load<std::uint32_t>(bytes),
                     Load<std::uint32_t>(bytes.substr(4)), millis / 1000, millis % 1000);
  return std::string_view(made);
}

Value PlainOf(Physical physical, const Stored& stored) {
  switch (physical) {
    case Physical::kBool:
      return stored.integer != 0;
    case Physical::kInt32:
    case Physical::kInt64:
      return stored.integer;
    case Physical::kFloat:
      return Widen(Load<float>(stored.bytes));
    case Physical::kDouble:
      return Load<double>(stored.bytes);
    case Physical::kInt96:
    case Physical::kBytes:
    case Physical::kFixedBytes:
      return stored.bytes;
  }
  return Null{};
}

}  // namespace

OrError<Value> ToValue(const ColumnType& type, const Stored& stored, std::string& made) {
  switch (type.meaning) {
    case Meaning::kPlain:
      return PlainOf(type.physical, stored);
    case Meaning::kUnsigned:
      return UnsignedOf(type.bits, stored.integer, made);
    case Meaning::kDecimal:
      return DecimalOf(type, stored, made);
    case Meaning::kDate:
      return DateOf(stored.integer, made);
    case Meaning::kTime:
      return TimeOf(stored.integer, type.per_second, made);
    case Meaning::kTimestamp:
      return type.physical == Physical::kInt96 ? TimestampOfInt96(stored.bytes)
                                               : TimestampOf(stored.integer, type.per_second);
    case Meaning::kUuid:
      return UuidOf(stored.bytes, made);
    case Meaning::kHalf:
      return HalfOf(Load<std::uint16_t>(stored.bytes));
    case Meaning::kInterval:
      return IntervalOf(stored.bytes, made);
  }
  return Null{};
}

}  // namespace blobgate::query::parquet
