// Points in time at 100 ns, the resolution of Azure's snapshot ids and ETags, and their text forms.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace blobgate {

using Ticks = std::chrono::duration<std::int64_t, std::ratio<1, 10'000'000>>;
/// UTC, 100 ns.
using Time = std::chrono::sys_time<Ticks>;

/// Where "now" comes from. Any thread. Tests use ManualClock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time Now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time Now() const override;
};

/// A clock that stands still until it is set or advanced. Not for use by several threads while it
/// is being changed.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time now) : now_(now) {}
  Time Now() const override { return now_; }
  void Set(Time now) { now_ = now; }
  void Advance(Ticks by) { now_ += by; }

 private:
  Time now_;
};

/// 100 ns intervals since 0001-01-01 (the unit that Azure's ETags are made of), and back.
std::uint64_t ToDotNetTicks(Time t);
Time FromDotNetTicks(std::uint64_t ticks);

/// `Thu, 15 Jan 2026 12:00:00 GMT` (RFC 9110 IMF-fixdate), whole seconds.
std::string FormatHttpDate(Time t);
/// IMF-fixdate, RFC 850 and asctime forms (RFC 9110 5.6.7); nullopt for anything else.
std::optional<Time> ParseHttpDate(std::string_view text);

/// `2026-01-15T12:00:00.1234567Z`: always 7 fraction digits.
std::string FormatIso8601(Time t);
/// `2026-01-15T12:00:00Z`.
std::string FormatIso8601Seconds(Time t);
/// The ISO 8601 forms Azure documents for SAS and stored access policies: `YYYY-MM-DD`,
/// `YYYY-MM-DDThh:mm[:ss[.f{1,7}]]` with `Z` or `+hh:mm`. nullopt otherwise.
std::optional<Time> ParseIso8601(std::string_view text);

/// Seconds precision, rounded down.
inline Time FloorSeconds(Time t) {
  return std::chrono::floor<std::chrono::seconds>(t);
}

}  // namespace blobgate
