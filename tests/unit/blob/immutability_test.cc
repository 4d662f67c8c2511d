#include "blob/immutability.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::blob {
namespace {

using Mode = Immutability::Mode;

const Time kNow = *ParseIso8601("2026-01-15T12:00:00Z");
constexpr std::string_view kUntil = "x-ms-immutability-policy-until-date";
constexpr std::string_view kMode = "x-ms-immutability-policy-mode";
constexpr std::string_view kHold = "x-ms-legal-hold";

template <class T>
std::string CodeOf(const azure::Outcome<T>& outcome) {
  return outcome ? "" : std::string(azure::InfoOf(outcome.error().code).code);
}

azure::Outcome<ImmutabilityRequest> Parse(std::vector<http::HeaderView::Field> fields) {
  http::HeaderView headers;
  for (const auto& [name, value] : fields) headers.Add(name, value);
  return ImmutabilityRequest::Parse(headers, kNow);
}

TEST(ImmutabilityRequest, TakesWhatAzureTakes) {
  const auto request =
      Parse({{kUntil, "Thu, 15 Jan 2026 12:00:01 GMT"}, {kMode, "LOCKED"}, {kHold, "True"}});
  ASSERT_TRUE(request);
  EXPECT_EQ(*request->until, kNow + std::chrono::seconds(1));
  EXPECT_EQ(*request->mode, Mode::kLocked);
  EXPECT_TRUE(*request->legal_hold);
  EXPECT_TRUE(request->protects());
  EXPECT_TRUE(Parse({})->empty());
  EXPECT_TRUE(Parse({{kUntil, ""}, {kMode, ""}, {kHold, ""}})->empty());
  EXPECT_FALSE(Parse({{kHold, "false"}})->protects());
}

TEST(ImmutabilityRequest, RefusesTheRest) {
  for (const std::string_view date :
       {"tomorrow", "2026-01-16T00:00:00Z", "Thu, 15 Jan 2026 12:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 32 Jan 2026 00:00:00 GMT", "\xFF", "0"}) {
    EXPECT_EQ(CodeOf(Parse({{kUntil, date}})), "InvalidHeaderValue") << date;
  }
  for (const std::string_view mode : {"Mutable", "none", "unlocked ", "0", "\xC3\xA9"}) {
    EXPECT_EQ(CodeOf(Parse({{kUntil, "Fri, 16 Jan 2026 12:00:00 GMT"}, {kMode, mode}})),
              "InvalidHeaderValue")
        << mode;
  }
  for (const std::string_view hold : {"yes", "1", "truee", "false,true"}) {
    EXPECT_EQ(CodeOf(Parse({{kHold, hold}})), "InvalidHeaderValue") << hold;
  }
  EXPECT_EQ(CodeOf(Parse({{kMode, "Locked"}})), "MissingRequiredHeader");
}

TEST(Immutability, ExpiredPolicyLetsDeleteButNotChange) {
  const Immutability expired{Mode::kLocked, kNow, false};
  EXPECT_EQ(CodeOf(CheckDelete(expired, kNow)), "");
  EXPECT_EQ(CodeOf(CheckChange(expired)), "BlobImmutableDueToPolicy");
  EXPECT_EQ(CodeOf(CheckOverwrite(expired, true)), "");
  EXPECT_EQ(CodeOf(CheckOverwrite(expired, false)), "BlobImmutableDueToPolicy");
}

TEST(Immutability, AHoldOutlivesThePolicy) {
  const Immutability held{Mode::kUnlocked, kNow, true};
  EXPECT_EQ(CodeOf(CheckDelete(held, kNow - Ticks(1))), "BlobImmutableDueToPolicy");
  EXPECT_EQ(CodeOf(CheckDelete(held, kNow)), "BlobImmutableDueToLegalHold");
  EXPECT_TRUE(IsRetained(held, kNow + std::chrono::days(365'000)));
}

}  // namespace
}  // namespace blobgate::blob
