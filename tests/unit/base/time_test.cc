#include "base/time.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Time kNoon = Time(std::chrono::sys_days{std::chrono::year{2026} / 1 / 15}) + hours{12};
constexpr Time kLongAgo = Time(std::chrono::sys_days{std::chrono::year{1994} / 11 / 6}) + hours{8} +
                          minutes{49} + seconds{37};

TEST(DotNetTicks, KnownValues) {
  EXPECT_EQ(ToDotNetTicks(Time{}), 621355968000000000u);
  EXPECT_EQ(ToDotNetTicks(Time{Ticks{1}}), 621355968000000001u);
  EXPECT_EQ(FromDotNetTicks(0), Time(std::chrono::sys_days{std::chrono::year{1} / 1 / 1}));
  EXPECT_EQ(FromDotNetTicks(ToDotNetTicks(kNoon + Ticks{1234567})), kNoon + Ticks{1234567});
}

TEST(DotNetTicks, NumbersThatNobodyMadeDoNotOverflow) {
  EXPECT_EQ(ToDotNetTicks(FromDotNetTicks(~std::uint64_t{0})), ~std::uint64_t{0});
}

TEST(HttpDate, Formats) {
  EXPECT_EQ(FormatHttpDate(kNoon), "Thu, 15 Jan 2026 12:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(kNoon + Ticks{9'999'999}), "Thu, 15 Jan 2026 12:00:00 GMT");
  EXPECT_EQ(FormatHttpDate(kLongAgo), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(FormatHttpDate(Time{} - Ticks{1}), "Wed, 31 Dec 1969 23:59:59 GMT");
}

// Texts are remembered for a while: many seconds share a place, and none gets another's text.
TEST(HttpDate, SecondsThatShareAPlaceStayApart) {
  for (int round = 0; round < 2; ++round) {
    for (int minute = 0; minute < 10; ++minute) {
      const std::string text = FormatHttpDate(kNoon + std::chrono::minutes{minute * 4});
      EXPECT_EQ(text, "Thu, 15 Jan 2026 12:" + std::string(minute * 4 < 10 ? "0" : "") +
                          std::to_string(minute * 4) + ":00 GMT");
    }
  }
}

TEST(HttpDate, ParsesTheThreeForms) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), kLongAgo);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), kLongAgo);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), kLongAgo);
  EXPECT_EQ(ParseHttpDate("Thu, 15 Jan 2026 12:00:00 GMT"), kNoon);
  EXPECT_EQ(ParseHttpDate("Thursday, 15-Jan-26 12:00:00 GMT"), kNoon);
  EXPECT_EQ(ParseHttpDate("Thu Jan 15 12:00:00 2026"), kNoon);
}

TEST(HttpDate, RefusesTheRest) {
  for (const char* text : {"", "Thu", "Thu, 15 Jan 2026 12:00:00", "Thu, 15 Jan 2026 12:00:00 UTC",
                           "Thu, 15 Jan 2026 12:00:00 GMT ", " Thu, 15 Jan 2026 12:00:00 GMT",
                           "thu, 15 Jan 2026 12:00:00 GMT", "Thu, 15 jan 2026 12:00:00 GMT",
                           "Thu, 32 Jan 2026 12:00:00 GMT", "Thu, 30 Feb 2026 12:00:00 GMT",
                           "Thu, 15 Jan 2026 24:00:00 GMT", "Thu, 15 Jan 2026 12:60:00 GMT",
                           "Thu, 15 Jan 2026 12:00:61 GMT", "Thu, 15 Jan 0000 12:00:00 GMT",
                           "Thu, 15 Jan 26 12:00:00 GMT", "Thu, 5 Jan 2026 12:00:00 GMT",
                           "Thu, 15 Jan +026 12:00:00 GMT", "2026-01-15T12:00:00Z", "1768478400"}) {
    EXPECT_EQ(ParseHttpDate(text), std::nullopt) << text;
  }
}

TEST(Iso8601, Formats) {
  EXPECT_EQ(FormatIso8601(kNoon), "2026-01-15T12:00:00.0000000Z");
  EXPECT_EQ(FormatIso8601(kNoon + Ticks{1234567}), "2026-01-15T12:00:00.1234567Z");
  EXPECT_EQ(FormatIso8601(kNoon + Ticks{7}), "2026-01-15T12:00:00.0000007Z");
  EXPECT_EQ(FormatIso8601Seconds(kNoon + Ticks{1234567}), "2026-01-15T12:00:00Z");
  EXPECT_EQ(FormatIso8601(Time{} - Ticks{1}), "1969-12-31T23:59:59.9999999Z");
}

TEST(Iso8601, ParsesEveryDocumentedForm) {
  EXPECT_EQ(ParseIso8601("2026-01-15"), kNoon - hours{12});
  EXPECT_EQ(ParseIso8601("2026-01-15T12:00Z"), kNoon);
  EXPECT_EQ(ParseIso8601("2026-01-15T12:00:00Z"), kNoon);
  EXPECT_EQ(ParseIso8601("2026-01-15T12:00:00.1Z"), kNoon + Ticks{1'000'000});
  EXPECT_EQ(ParseIso8601("2026-01-15T12:00:00.1234567Z"), kNoon + Ticks{1'234'567});
  EXPECT_EQ(ParseIso8601("2026-01-15T13:30+01:30"), kNoon);
  EXPECT_EQ(ParseIso8601("2026-01-15T13:30:00.0000001+01:30"), kNoon + Ticks{1});
  EXPECT_EQ(ParseIso8601("2026-01-15T04:00-08:00"), kNoon);
}

TEST(Iso8601, WhatIsFormattedParses) {
  for (const Time t : {kNoon, kLongAgo, Time{} - Ticks{1}, kNoon + Ticks{1}, FromDotNetTicks(0)}) {
    EXPECT_EQ(ParseIso8601(FormatIso8601(t)), t);
    EXPECT_EQ(ParseIso8601(FormatIso8601Seconds(t)), FloorSeconds(t));
  }
}

TEST(Iso8601, RefusesTheRest) {
  for (const char* text : {"",
                           "2026",
                           "2026-01",
                           "2026-1-15",
                           "2026-13-01",
                           "2026-00-01",
                           "2026-01-00",
                           "2026-02-29",
                           "0000-01-01",
                           "2026-01-15Z",
                           "2026-01-15T",
                           "2026-01-15T12Z",
                           "2026-01-15T12:00",
                           "2026-01-15T12:00:00",
                           "2026-01-15 12:00:00Z",
                           "2026-01-15t12:00:00Z",
                           "2026-01-15T12:00:00z",
                           "2026-01-15T24:00Z",
                           "2026-01-15T12:60Z",
                           "2026-01-15T12:00:60Z",
                           "2026-01-15T12:00:00.Z",
                           "2026-01-15T12:00:00.12345678Z",
                           "2026-01-15T12:00.5Z",
                           "2026-01-15T12:00:00+0100",
                           "2026-01-15T12:00:00+01",
                           "2026-01-15T12:00:00+24:00",
                           "2026-01-15T12:00:00ZZ",
                           "2026-01-15T12:00:00Z ",
                           "+2026-01-15",
                           "0001-01-01T00:00+01:00",
                           "9999-12-31T23:59-00:01"}) {
    EXPECT_EQ(ParseIso8601(text), std::nullopt) << text;
  }
}

TEST(ManualClock, MovesOnlyWhenTold) {
  ManualClock clock(kNoon);
  EXPECT_EQ(clock.Now(), kNoon);
  clock.Advance(minutes{15});
  EXPECT_EQ(clock.Now(), kNoon + minutes{15});
  clock.Set(kLongAgo);
  EXPECT_EQ(clock.Now(), kLongAgo);
}

}  // namespace
}  // namespace blobgate
