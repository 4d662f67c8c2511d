#include "query/timestamp.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/encoding.h"

namespace blobgate::query {
namespace {

namespace chrono = std::chrono;
using chrono::hours;
using chrono::minutes;
using chrono::seconds;

constexpr std::int64_t kTicksPerSecond = Ticks::period::den;
constexpr chrono::sys_days kFirstDay{chrono::year{1} / 1 / 1};
constexpr chrono::sys_days kLastDay{chrono::year{9999} / 12 / 31};

bool InRange(Time time) {
  return time >= kFirstDay && time < kLastDay + chrono::days{1};
}

/// Year, month... of a timestamp in its own zone.
struct LocalParts {
  explicit LocalParts(const Timestamp& at)
      : local(at.time + minutes{at.offset_minutes}),
        day(chrono::floor<chrono::days>(local)),
        date(day),
        clock(local - day) {}

  Time local;
  chrono::sys_days day;
  chrono::year_month_day date;
  chrono::hh_mm_ss<Ticks> clock;
};

/// Takes text apart from the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return text_.empty(); }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  /// Exactly `count` digits.
  bool Digits(std::size_t count, int& value) {
    if (text_.size() < count) return false;
    value = 0;
    for (const char c : text_.substr(0, count)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    text_.remove_prefix(count);
    return true;
  }
  /// One digit or more, as a fraction of a second.
  bool Fraction(Ticks& value) {
    std::int64_t ticks = 0;
    std::int64_t unit = kTicksPerSecond;
    bool any = false;
    while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9') {
      unit /= 10;
      ticks += (text_.front() - '0') * unit;
      text_.remove_prefix(1);
      any = true;
    }
    value = Ticks{ticks};
    return any;
  }

 private:
  std::string_view text_;
};

bool ParseZone(Scanner& scan, std::int16_t& offset) {
  if (scan.done() || scan.Take('Z') || scan.Take('z')) return true;
  const bool west = scan.Take('-');
  if (!west && !scan.Take('+')) return false;
  int hour = 0;
  int minute = 0;
  if (!scan.Digits(2, hour) || !scan.Take(':') || !scan.Digits(2, minute)) return false;
  if (hour > 23 || minute > 59) return false;
  offset = static_cast<std::int16_t>((west ? -1 : 1) * (hour * 60 + minute));
  return true;
}

bool ParseClock(Scanner& scan, Ticks& since_midnight) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  Ticks fraction{};
  if (!scan.Digits(2, hour) || !scan.Take(':') || !scan.Digits(2, minute)) return false;
  if (scan.Take(':')) {
    if (!scan.Digits(2, second)) return false;
    if (scan.Take('.') && !scan.Fraction(fraction)) return false;
  }
  if (hour > 23 || minute > 59 || second > 59) return false;
  since_midnight = hours{hour} + minutes{minute} + seconds{second} + fraction;
  return true;
}

std::string ZoneText(std::int16_t offset, std::string_view between) {
  const int size = offset < 0 ? -offset : offset;
  return fmt::format("{}{:02}{}{:02}", offset < 0 ? '-' : '+', size / 60, between, size % 60);
}

std::string ZoneOf(std::int16_t offset, std::size_t letters, bool zulu) {
  if (zulu && offset == 0) return "Z";
  if (letters > 1) return ZoneText(offset, letters % 2 == 1 ? ":" : "");
  return fmt::format("{}{:02}", offset < 0 ? '-' : '+', (offset < 0 ? -offset : offset) / 60);
}

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

std::string Number(std::int64_t value, std::size_t digits) {
  return fmt::format("{:0{}}", value, digits);
}

std::optional<std::string> MonthText(unsigned month, std::size_t letters) {
  const std::string_view name = kMonths[month - 1];
  if (letters <= 2) return Number(month, letters);
  if (letters == 3) return std::string(name.substr(0, 3));
  if (letters == 4) return std::string(name);
  return std::nullopt;
}

std::optional<std::string> YearText(int year, std::size_t letters) {
  if (letters == 2) return Number(year % 100, 2);
  if (letters == 1 || letters == 4) return Number(year, 4);
  return std::nullopt;
}

/// A run of one letter of the format.
std::optional<std::string> FormatLetters(const Timestamp& at, const LocalParts& parts, char letter,
                                         std::size_t letters) {
  const auto number = [&](std::int64_t value) -> std::optional<std::string> {
    if (letters > 2) return std::nullopt;
    return Number(value, letters);
  };
  const std::int64_t hour = parts.clock.hours().count();
  switch (letter) {
    case 'y':
      return YearText(static_cast<int>(parts.date.year()), letters);
    case 'M':
      return MonthText(static_cast<unsigned>(parts.date.month()), letters);
    case 'd':
      return number(static_cast<unsigned>(parts.date.day()));
    case 'a':
      return letters == 1 ? std::optional<std::string>(hour < 12 ? "AM" : "PM") : std::nullopt;
    case 'h':
      return number((hour + 11) % 12 + 1);
    case 'H':
      return number(hour);
    case 'm':
      return number(parts.clock.minutes().count());
    case 's':
      return number(parts.clock.seconds().count());
    case 'S':
      if (letters > 7) return std::nullopt;
      return Number(parts.clock.subseconds().count(), 7).substr(0, letters);
    case 'X':
    case 'x':
      if (letters > 5) return std::nullopt;
      return ZoneOf(at.offset_minutes, letters, letter == 'X');
    default:
      return std::nullopt;
  }
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::int64_t MonthsOf(const LocalParts& parts) {
  return std::int64_t{static_cast<int>(parts.date.year())} * 12 +
         static_cast<unsigned>(parts.date.month()) - 1;
}

std::optional<Timestamp> AddMonths(std::int64_t count, const Timestamp& at) {
  constexpr std::int64_t kMost = 12 * 10'000;
  if (count > kMost || count < -kMost) return std::nullopt;
  const LocalParts parts(at);
  const std::int64_t months = MonthsOf(parts) + count;
  if (months < 12 || months >= kMost) return std::nullopt;
  const chrono::year_month month{chrono::year{static_cast<int>(months / 12)},
                                 chrono::month{static_cast<unsigned>(months % 12 + 1)}};
  const auto last = (month / chrono::last).day();
  const chrono::sys_days day{month / std::min(parts.date.day(), last)};
  Timestamp result = at;
  result.time = Time{day} + (parts.local - parts.day) - minutes{at.offset_minutes};
  return InRange(result.time) ? std::optional(result) : std::nullopt;
}

/// In ticks; nullopt for months and years, whose length varies.
std::optional<Ticks> LengthOf(DatePart part) {
  switch (part) {
    case DatePart::kDay:
      return chrono::days{1};
    case DatePart::kHour:
      return hours{1};
    case DatePart::kMinute:
      return minutes{1};
    case DatePart::kSecond:
      return seconds{1};
    default:
      return std::nullopt;
  }
}

std::int64_t MonthsBetween(const Timestamp& from, const Timestamp& to) {
  const LocalParts a(Timestamp{from.time, 0});
  const LocalParts b(Timestamp{to.time, 0});
  std::int64_t months = MonthsOf(b) - MonthsOf(a);
  const auto rest = [](const LocalParts& parts) {
    return std::pair(parts.date.day(), parts.local - parts.day);
  };
  if (months > 0 && rest(b) < rest(a)) --months;
  if (months < 0 && rest(b) > rest(a)) ++months;
  return months;
}

}  // namespace

std::optional<DatePart> DatePartOf(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, DatePart>, 8> kParts = {{
      {"year", DatePart::kYear},
      {"month", DatePart::kMonth},
      {"day", DatePart::kDay},
      {"hour", DatePart::kHour},
      {"minute", DatePart::kMinute},
      {"second", DatePart::kSecond},
      {"timezone_hour", DatePart::kTimezoneHour},
      {"timezone_minute", DatePart::kTimezoneMinute},
  }};
  for (const auto& [text, part] : kParts) {
    if (EqualsIgnoreCase(text, name)) return part;
  }
  return std::nullopt;
}

std::optional<Timestamp> ParseTimestamp(std::string_view text) {
  Scanner scan(Trim(text));
  int year = 0;
  int month = 1;
  int day = 1;
  bool whole = false;
  if (!scan.Digits(4, year) || year == 0) return std::nullopt;
  if (scan.Take('-')) {
    if (!scan.Digits(2, month)) return std::nullopt;
    if (scan.Take('-')) {
      if (!scan.Digits(2, day)) return std::nullopt;
      whole = true;
    }
  }
  const chrono::year_month_day date{chrono::year{year}, chrono::month{static_cast<unsigned>(month)},
                                    chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  Timestamp result;
  Ticks since_midnight{};
  if ((scan.Take('T') || scan.Take('t') || (whole && scan.Take(' '))) && !scan.done()) {
    if (!whole || !ParseClock(scan, since_midnight)) return std::nullopt;
    if (!ParseZone(scan, result.offset_minutes)) return std::nullopt;
  }
  if (!scan.done()) return std::nullopt;
  result.time = Time{chrono::sys_days{date}} + since_midnight - minutes{result.offset_minutes};
  return result;
}

std::string FormatTimestamp(const Timestamp& at) {
  const LocalParts parts(at);
  std::string out = fmt::format(
      "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(parts.date.year()),
      static_cast<unsigned>(parts.date.month()), static_cast<unsigned>(parts.date.day()),
      parts.clock.hours().count(), parts.clock.minutes().count(), parts.clock.seconds().count());
  if (const std::int64_t fraction = parts.clock.subseconds().count(); fraction != 0) {
    std::string digits = Number(fraction, 7);
    digits.resize(digits.find_last_not_of('0') + 1);
    out += '.';
    out += digits;
  }
  return out + ZoneOf(at.offset_minutes, 3, true);
}

std::optional<std::string> FormatTimestamp(const Timestamp& at, std::string_view format) {
  const LocalParts parts(at);
  std::string out;
  while (!format.empty()) {
    const char c = format.front();
    std::size_t run = 1;
    if (c == '\'') {
      const std::size_t end = format.find('\'', 1);
      if (end == std::string_view::npos) return std::nullopt;
      out += end == 1 ? std::string_view("'") : format.substr(1, end - 1);
      run = end + 1;
    } else if (IsLetter(c)) {
      while (run < format.size() && format[run] == c) ++run;
      const auto text = FormatLetters(at, parts, c, run);
      if (!text) return std::nullopt;
      out += *text;
    } else {
      out += c;
    }
    format.remove_prefix(run);
  }
  return out;
}

std::optional<Timestamp> AddToDate(DatePart part, std::int64_t count, const Timestamp& at) {
  if (part == DatePart::kMonth) return AddMonths(count, at);
  if (part == DatePart::kYear) {
    constexpr std::int64_t kMost = 10'000;
    if (count > kMost || count < -kMost) return std::nullopt;
    return AddMonths(count * 12, at);
  }
  const auto length = LengthOf(part);
  std::int64_t ticks = 0;
  if (!length || __builtin_mul_overflow(length->count(), count, &ticks)) return std::nullopt;
  std::int64_t sum = 0;
  if (__builtin_add_overflow(at.time.time_since_epoch().count(), ticks, &sum)) return std::nullopt;
  const Timestamp result{Time{Ticks{sum}}, at.offset_minutes};
  return InRange(result.time) ? std::optional(result) : std::nullopt;
}

std::optional<std::int64_t> DateDifference(DatePart part, const Timestamp& from,
                                           const Timestamp& to) {
  if (part == DatePart::kMonth) return MonthsBetween(from, to);
  if (part == DatePart::kYear) return MonthsBetween(from, to) / 12;
  const auto length = LengthOf(part);
  if (!length) return std::nullopt;
  return (to.time - from.time) / *length;
}

std::int64_t ExtractPart(DatePart part, const Timestamp& at) {
  const LocalParts parts(at);
  switch (part) {
    case DatePart::kYear:
      return static_cast<int>(parts.date.year());
    case DatePart::kMonth:
      return static_cast<unsigned>(parts.date.month());
    case DatePart::kDay:
      return static_cast<unsigned>(parts.date.day());
    case DatePart::kHour:
      return parts.clock.hours().count();
    case DatePart::kMinute:
      return parts.clock.minutes().count();
    case DatePart::kSecond:
      return parts.clock.seconds().count();
    case DatePart::kTimezoneHour:
      return at.offset_minutes / 60;
    case DatePart::kTimezoneMinute:
      return at.offset_minutes % 60;
  }
  std::unreachable();
}

}  // namespace blobgate::query
