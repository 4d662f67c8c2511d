#include "base/time.h"

#include <array>
#include <cstddef>
#include <span>

namespace blobgate {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                       "Thursday", "Friday", "Saturday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

constexpr Time DayStart(int year, unsigned month, unsigned day) {
  return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} /
                               std::chrono::day{day}};
}

// The years that four digits and .NET's DateTime can say.
constexpr Time kFirst = DayStart(1, 1, 1);
constexpr Time kEnd = DayStart(10'000, 1, 1);

// A point in time taken apart, for output.
struct Parts {
  explicit Parts(Time t)
      : day(std::chrono::floor<days>(t)),
        date(day),
        clock(std::chrono::floor<seconds>(t - day)),
        fraction(static_cast<unsigned>((t - FloorSeconds(t)).count())) {}

  std::chrono::sys_days day;
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<seconds> clock;
  unsigned fraction;  // of 100 ns
};

/// Text of a known greatest length, so that each piece of it costs no call.
class Text {
 public:
  void Add(char c) { text_[size_++] = c; }
  void Add(std::string_view text) {
    for (const char c : text) Add(c);
  }
  /// The last `width` digits of `value`.
  void Digits(unsigned value, std::size_t width) {
    for (std::size_t i = size_ + width; i > size_; value /= 10) {
      text_[--i] = static_cast<char>('0' + value % 10);
    }
    size_ += width;
  }
  operator std::string() const { return {text_.data(), size_}; }

 private:
  std::array<char, 40> text_;
  std::size_t size_ = 0;
};

void AppendYear(Text& out, const Parts& p) {
  out.Digits(static_cast<unsigned>(static_cast<int>(p.date.year())), 4);
}

void AppendClock(Text& out, const Parts& p) {
  out.Digits(static_cast<unsigned>(p.clock.hours().count()), 2);
  out.Add(':');
  out.Digits(static_cast<unsigned>(p.clock.minutes().count()), 2);
  out.Add(':');
  out.Digits(static_cast<unsigned>(p.clock.seconds().count()), 2);
}

// `2026-01-15T12:00:00`, without a zone.
Text IsoStem(const Parts& p) {
  Text out;
  AppendYear(out, p);
  out.Add('-');
  out.Digits(static_cast<unsigned>(p.date.month()), 2);
  out.Add('-');
  out.Digits(static_cast<unsigned>(p.date.day()), 2);
  out.Add('T');
  AppendClock(out, p);
  return out;
}

// Reads a text from the left. After the first mismatch every further step fails too, so a parser
// may read all its fields and ask once.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return ok_ && rest_.empty(); }
  bool NextIs(char c) const { return ok_ && !rest_.empty() && rest_.front() == c; }

  void Literal(std::string_view expected) {
    if (ok_ && rest_.starts_with(expected)) {
      rest_.remove_prefix(expected.size());
    } else {
      ok_ = false;
    }
  }

  // Exactly `width` decimal digits.
  unsigned Number(std::size_t width) {
    if (!ok_ || rest_.size() < width) return Fail();
    unsigned value = 0;
    for (const char c : rest_.substr(0, width)) {
      if (c < '0' || c > '9') return Fail();
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
    rest_.remove_prefix(width);
    return value;
  }

  // The index of the word that comes next.
  unsigned Word(std::span<const std::string_view> words) {
    for (std::size_t i = 0; ok_ && i < words.size(); ++i) {
      if (!rest_.starts_with(words[i])) continue;
      rest_.remove_prefix(words[i].size());
      return static_cast<unsigned>(i);
    }
    return Fail();
  }

  // One to seven digits after a decimal point, in 100 ns.
  unsigned Fraction() {
    unsigned value = 0;
    std::size_t count = 0;
    while (count < 7 && count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      value = value * 10 + static_cast<unsigned>(rest_[count++] - '0');
    }
    if (!ok_ || count == 0) return Fail();
    rest_.remove_prefix(count);
    for (; count < 7; ++count) value *= 10;
    return value;
  }

  unsigned Fail() {
    ok_ = false;
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

struct Civil {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

void ScanClock(Scanner& in, Civil& c) {
  c.hour = in.Number(2);
  in.Literal(":");
  c.minute = in.Number(2);
  in.Literal(":");
  c.second = in.Number(2);
}

// nullopt when the fields name no day of the calendar or no time of day. `max_second` is 60 where
// leap seconds may be written.
std::optional<Time> ToTime(const Civil& c, unsigned max_second) {
  const std::chrono::year_month_day date{std::chrono::year{c.year}, std::chrono::month{c.month},
                                         std::chrono::day{c.day}};
  if (c.year < 1 || !date.ok()) return std::nullopt;
  if (c.hour > 23 || c.minute > 59 || c.second > max_second) return std::nullopt;
  return Time(std::chrono::sys_days{date}) + hours{c.hour} + minutes{c.minute} + seconds{c.second};
}

std::optional<Time> HttpTime(const Scanner& in, const Civil& c) {
  if (!in.AtEnd()) return std::nullopt;
  return ToTime(c, 60);
}

// Sun, 06 Nov 1994 08:49:37 GMT
std::optional<Time> ParseImfFixdate(std::string_view text) {
  Scanner in(text);
  Civil c;
  in.Word(kDays);
  in.Literal(", ");
  c.day = in.Number(2);
  in.Literal(" ");
  c.month = in.Word(kMonths) + 1;
  in.Literal(" ");
  c.year = static_cast<int>(in.Number(4));
  in.Literal(" ");
  ScanClock(in, c);
  in.Literal(" GMT");
  return HttpTime(in, c);
}

// Sunday, 06-Nov-94 08:49:37 GMT. Years below 70 belong to this century: a fixed rule, so that the
// same text always means the same time.
std::optional<Time> ParseRfc850(std::string_view text) {
  Scanner in(text);
  Civil c;
  in.Word(kLongDays);
  in.Literal(", ");
  c.day = in.Number(2);
  in.Literal("-");
  c.month = in.Word(kMonths) + 1;
  in.Literal("-");
  const int year = static_cast<int>(in.Number(2));
  c.year = year + (year < 70 ? 2000 : 1900);
  in.Literal(" ");
  ScanClock(in, c);
  in.Literal(" GMT");
  return HttpTime(in, c);
}

// Sun Nov  6 08:49:37 1994
std::optional<Time> ParseAsctime(std::string_view text) {
  Scanner in(text);
  Civil c;
  in.Word(kDays);
  in.Literal(" ");
  c.month = in.Word(kMonths) + 1;
  in.Literal(" ");
  if (in.NextIs(' ')) {
    in.Literal(" ");
    c.day = in.Number(1);
  } else {
    c.day = in.Number(2);
  }
  in.Literal(" ");
  ScanClock(in, c);
  in.Literal(" ");
  c.year = static_cast<int>(in.Number(4));
  return HttpTime(in, c);
}

// `Z`, `+hh:mm` or `-hh:mm`: what to subtract to get UTC.
minutes ScanZone(Scanner& in) {
  if (in.NextIs('Z')) {
    in.Literal("Z");
    return {};
  }
  const bool west = in.NextIs('-');
  in.Literal(west ? "-" : "+");
  const unsigned hour = in.Number(2);
  in.Literal(":");
  const unsigned minute = in.Number(2);
  if (hour > 23 || minute > 59) in.Fail();
  const minutes offset = hours{hour} + minutes{minute};
  return west ? -offset : offset;
}

}  // namespace

Time SystemClock::Now() const {
  return std::chrono::time_point_cast<Ticks>(std::chrono::system_clock::now());
}

std::uint64_t ToDotNetTicks(Time t) {
  return static_cast<std::uint64_t>((t - kFirst).count());
}

Time FromDotNetTicks(std::uint64_t ticks) {
  // Wraps instead of overflowing when the number is none that ToDotNetTicks made.
  const auto first = static_cast<std::uint64_t>(kFirst.time_since_epoch().count());
  return Time(Ticks(static_cast<std::int64_t>(first + ticks)));
}

namespace {

Text HttpDateText(Time t) {
  const Parts p(t);
  Text out;
  out.Add(kDays[std::chrono::weekday{p.day}.c_encoding()]);
  out.Add(", ");
  out.Digits(static_cast<unsigned>(p.date.day()), 2);
  out.Add(' ');
  out.Add(kMonths[static_cast<unsigned>(p.date.month()) - 1]);
  out.Add(' ');
  AppendYear(out, p);
  out.Add(' ');
  AppendClock(out, p);
  out.Add(" GMT");
  return out;
}

}  // namespace

// The same few seconds are told again and again: that of every answer's Date, to begin with.
std::string FormatHttpDate(Time t) {
  struct Known {
    Time second = Time::min();
    Text text;
  };
  thread_local std::array<Known, 16> all;
  const Time second = FloorSeconds(t);
  Known& known =
      all[static_cast<std::uint64_t>(second.time_since_epoch() / seconds{1}) % all.size()];
  if (known.second != second) known = {second, HttpDateText(second)};
  return known.text;
}

std::optional<Time> ParseHttpDate(std::string_view text) {
  if (const auto t = ParseImfFixdate(text)) return t;
  if (const auto t = ParseRfc850(text)) return t;
  return ParseAsctime(text);
}

std::string FormatIso8601(Time t) {
  const Parts p(t);
  Text out = IsoStem(p);
  out.Add('.');
  out.Digits(p.fraction, 7);
  out.Add('Z');
  return out;
}

std::string FormatIso8601Seconds(Time t) {
  Text out = IsoStem(Parts(t));
  out.Add('Z');
  return out;
}

std::optional<Time> ParseIso8601(std::string_view text) {
  Scanner in(text);
  Civil c;
  c.year = static_cast<int>(in.Number(4));
  in.Literal("-");
  c.month = in.Number(2);
  in.Literal("-");
  c.day = in.Number(2);
  if (in.AtEnd()) return ToTime(c, 59);
  in.Literal("T");
  c.hour = in.Number(2);
  in.Literal(":");
  c.minute = in.Number(2);
  unsigned fraction = 0;
  if (in.NextIs(':')) {
    in.Literal(":");
    c.second = in.Number(2);
    if (in.NextIs('.')) {
      in.Literal(".");
      fraction = in.Fraction();
    }
  }
  const minutes offset = ScanZone(in);
  if (!in.AtEnd()) return std::nullopt;
  const auto local = ToTime(c, 59);
  if (!local) return std::nullopt;
  const Time utc = *local + Ticks{fraction} - offset;
  if (utc < kFirst || utc >= kEnd) return std::nullopt;
  return utc;
}

}  // namespace blobgate
