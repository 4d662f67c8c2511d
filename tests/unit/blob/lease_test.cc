#include "blob/lease.h"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/uuid.h"

namespace blobgate::blob {
namespace {

using std::chrono::seconds;
using Action = LeaseRequest::Action;
using enum LeaseState;

constexpr std::string_view kA = "aaaaaaaa-0000-4000-8000-000000000001";
constexpr std::string_view kB = "bbbbbbbb-0000-4000-8000-000000000002";
constexpr std::string_view kC = "cccccccc-0000-4000-8000-000000000003";

const Time kNow = *ParseIso8601("2026-01-15T12:00:00Z");
constexpr LeaseState kStates[] = {kAvailable, kLeased, kBreaking, kBroken, kExpired};

// A lease of A in `state` at kNow. Leased: 20 of 30 s are left. Breaking: 10 s are left.
LeaseRecord In(LeaseState state) {
  using State = LeaseRecord::State;
  const std::string id(kA);
  switch (state) {
    case kAvailable:
      return {};
    case kLeased:
      return {State::kLeased, id, 30, kNow + seconds(20)};
    case kBreaking:
      return {State::kBreaking, id, 30, kNow + seconds(10)};
    case kBroken:
      return {State::kBroken, id, 30, {}};
    case kExpired:
      return {State::kLeased, id, 30, kNow - seconds(1)};
  }
  return {};
}

LeaseRecord Infinite() {
  return {LeaseRecord::State::kLeased, std::string(kA), -1, {}};
}

struct Cell {
  std::string_view error;  ///< empty: allowed, and then:
  LeaseState state = kAvailable;
  std::string_view id = {};  ///< of the stored lease
};

// One row of "Lease operations by state": the cells in the order of kStates.
struct Row {
  std::string_view name;
  LeaseRequest request;
  Cell cells[5];
};

LeaseRequest Make(Action action, std::string_view id = {}, std::string_view proposed = {},
                  std::optional<std::int32_t> seconds = {}) {
  LeaseRequest request;
  request.action = action;
  request.lease_id = id;
  request.proposed_id = proposed;
  (action == Action::kBreak ? request.break_period : request.duration) = seconds;
  return request;
}

constexpr std::string_view kPresent = "LeaseAlreadyPresent";
constexpr std::string_view kNone = "LeaseNotPresentWithLeaseOperation";
constexpr std::string_view kMismatch = "LeaseIdMismatchWithLeaseOperation";
constexpr std::string_view kNoAcquire = "LeaseIsBreakingAndCannotBeAcquired";
constexpr std::string_view kNoChange = "LeaseIsBreakingAndCannotBeChanged";
constexpr std::string_view kNoRenew = "LeaseIsBrokenAndCannotBeRenewed";

// operations.md 1.6, row for row; columns: available, leased, breaking, broken, expired.
const std::vector<Row>& Table() {
  static const std::vector<Row> rows = {
      {"acquire, proposed A",
       Make(Action::kAcquire, {}, kA, 60),
       {{"", kLeased, kA}, {"", kLeased, kA}, {kNoAcquire}, {"", kLeased, kA}, {"", kLeased, kA}}},
      {"acquire, proposed B",
       Make(Action::kAcquire, {}, kB, 60),
       {{"", kLeased, kB}, {kPresent}, {kPresent}, {"", kLeased, kB}, {"", kLeased, kB}}},
      {"break, period 0",
       Make(Action::kBreak, {}, {}, 0),
       {{kNone}, {"", kBroken, kA}, {"", kBroken, kA}, {"", kBroken, kA}, {"", kBroken, kA}}},
      {"break, period 5",
       Make(Action::kBreak, {}, {}, 5),
       {{kNone}, {"", kBreaking, kA}, {"", kBreaking, kA}, {"", kBroken, kA}, {"", kBroken, kA}}},
      {"break, no period",
       Make(Action::kBreak),
       {{kNone}, {"", kBreaking, kA}, {"", kBreaking, kA}, {"", kBroken, kA}, {"", kBroken, kA}}},
      {"change A to B",
       Make(Action::kChange, kA, kB),
       {{kNone}, {"", kLeased, kB}, {kNoChange}, {kNone}, {kNone}}},
      {"change B to A",
       Make(Action::kChange, kB, kA),
       {{kNone}, {"", kLeased, kA}, {kNoChange}, {kNone}, {kNone}}},
      {"change B to C",
       Make(Action::kChange, kB, kC),
       {{kNone}, {kMismatch}, {kMismatch}, {kNone}, {kNone}}},
      {"renew A",
       Make(Action::kRenew, kA),
       {{kMismatch}, {"", kLeased, kA}, {kNoRenew}, {kNoRenew}, {"", kLeased, kA}}},
      {"renew B",
       Make(Action::kRenew, kB),
       {{kMismatch}, {kMismatch}, {kMismatch}, {kMismatch}, {kMismatch}}},
      {"release A",
       Make(Action::kRelease, kA),
       {{kMismatch}, {"", kAvailable}, {"", kAvailable}, {"", kAvailable}, {"", kAvailable}}},
      {"release B",
       Make(Action::kRelease, kB),
       {{kMismatch}, {kMismatch}, {kMismatch}, {kMismatch}, {kMismatch}}},
  };
  return rows;
}

std::string_view CodeOf(const azure::Error& error) {
  return azure::InfoOf(error.code).code;
}

TEST(LeaseOperations, FollowTheTable) {
  for (const Row& row : Table()) {
    for (std::size_t i = 0; i < 5; ++i) {
      SCOPED_TRACE(std::string(row.name) + ", " + std::string(LeaseStateName(kStates[i])));
      const Cell& cell = row.cells[i];
      ASSERT_EQ(StateAt(In(kStates[i]), kNow), kStates[i]);
      const auto change = Apply(In(kStates[i]), row.request, kNow);
      EXPECT_EQ(change ? "" : CodeOf(change.error()), cell.error);
      if (!change) {
        EXPECT_EQ(change.error().http_status(), 409u);
        continue;
      }
      EXPECT_EQ(StateAt(change->lease, kNow), cell.state);
      EXPECT_EQ(change->lease.id, cell.id);
    }
  }
}

TEST(LeaseOperations, AcquireWithoutProposedIdMakesOne) {
  for (LeaseState state : kStates) {
    const auto change = Apply(In(state), Make(Action::kAcquire, {}, {}, 15), kNow);
    if (state == kLeased || state == kBreaking) {
      ASSERT_FALSE(change);
      EXPECT_EQ(CodeOf(change.error()), kPresent);
      continue;
    }
    ASSERT_TRUE(change);
    EXPECT_TRUE(IsUuid(change->lease_id)) << change->lease_id;
    EXPECT_NE(change->lease_id, kA);
    EXPECT_EQ(change->lease.id, change->lease_id);
  }
}

TEST(LeaseOperations, AnswerTheirStatusAndId) {
  const auto acquired = Apply({}, Make(Action::kAcquire, {}, kB, 15), kNow);
  ASSERT_TRUE(acquired);
  EXPECT_EQ(acquired->status, 201u);
  EXPECT_EQ(acquired->lease_id, kB);
  EXPECT_EQ(acquired->lease_time, std::nullopt);
  const auto renewed = Apply(In(kLeased), Make(Action::kRenew, kA), kNow);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(std::pair(renewed->status, renewed->lease_id), std::pair(200u, std::string(kA)));
  const auto changed = Apply(In(kLeased), Make(Action::kChange, kA, kB), kNow);
  ASSERT_TRUE(changed);
  EXPECT_EQ(std::pair(changed->status, changed->lease_id), std::pair(200u, std::string(kB)));
  const auto released = Apply(In(kLeased), Make(Action::kRelease, kA), kNow);
  ASSERT_TRUE(released);
  EXPECT_EQ(std::pair(released->status, released->lease_id), std::pair(200u, std::string()));
  EXPECT_EQ(released->lease, LeaseRecord{});
  const auto broken = Apply(In(kLeased), Make(Action::kBreak), kNow);
  ASSERT_TRUE(broken);
  EXPECT_EQ(std::pair(broken->status, broken->lease_id), std::pair(202u, std::string()));
}

TEST(LeaseOperations, TheClockStartsAgainOnAcquireAndRenewOnly) {
  const auto acquired = Apply(In(kLeased), Make(Action::kAcquire, {}, kA, 60), kNow);
  ASSERT_TRUE(acquired);
  EXPECT_EQ(acquired->lease.duration, 60);
  EXPECT_EQ(acquired->lease.ends, kNow + seconds(60));
  const auto renewed = Apply(In(kLeased), Make(Action::kRenew, kA), kNow);
  ASSERT_TRUE(renewed);
  EXPECT_EQ(renewed->lease.ends, kNow + seconds(30));
  const auto changed = Apply(In(kLeased), Make(Action::kChange, kA, kB), kNow);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->lease.ends, kNow + seconds(20));
}

std::optional<std::int32_t> BreakTime(const LeaseRecord& lease,
                                      std::optional<std::int32_t> period) {
  const auto change = Apply(lease, Make(Action::kBreak, {}, {}, period), kNow);
  return change ? change->lease_time : std::nullopt;
}

TEST(LeaseOperations, BreakTellsTheSecondsLeft) {
  EXPECT_EQ(BreakTime(In(kLeased), 0), 0);
  EXPECT_EQ(BreakTime(In(kLeased), 5), 5);
  EXPECT_EQ(BreakTime(In(kLeased), 60), 20) << "never longer than the lease";
  EXPECT_EQ(BreakTime(In(kLeased), {}), 20);
  EXPECT_EQ(BreakTime(Infinite(), {}), 0);
  EXPECT_EQ(BreakTime(Infinite(), 60), 60);
  EXPECT_EQ(BreakTime(In(kBreaking), 5), 5);
  EXPECT_EQ(BreakTime(In(kBreaking), 60), 10) << "a break does not get longer";
  EXPECT_EQ(BreakTime(In(kBreaking), {}), 10);
  EXPECT_EQ(BreakTime(In(kBroken), 60), 0);
  EXPECT_EQ(BreakTime(In(kExpired), 60), 0);
  LeaseRecord almost = In(kBreaking);
  almost.ends = kNow + Ticks(1);
  EXPECT_EQ(BreakTime(almost, {}), 1) << "0 would mean that it is broken";
}

TEST(LeaseOperations, IdsCompareWithoutCase) {
  std::string upper(kA);
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_TRUE(Apply(In(kLeased), Make(Action::kRenew, upper), kNow));
  EXPECT_TRUE(CheckWrite(In(kLeased), upper, LeaseSubject::kBlob, kNow));
}

TEST(LeaseOperations, AnEmptyIdNeverMatches) {
  EXPECT_FALSE(Apply({}, Make(Action::kRelease, ""), kNow));
  EXPECT_FALSE(Apply({}, Make(Action::kRenew, ""), kNow));
  EXPECT_FALSE(CheckWrite({}, "", LeaseSubject::kBlob, kNow));
}

TEST(LeaseOperations, ErrorsSayWhatTheyAreAbout) {
  const auto of = [](LeaseSubject subject) {
    const auto change = Apply({}, Make(Action::kBreak), kNow, subject);
    return change ? std::string() : std::string(change.error().message());
  };
  EXPECT_EQ(of(LeaseSubject::kBlob), "There is currently no lease on the blob.");
  EXPECT_EQ(of(LeaseSubject::kContainer), "There is currently no lease on the container.");
}

TEST(LeaseState, TimePasses) {
  EXPECT_EQ(StateAt(In(kLeased), kNow + seconds(20) - Ticks(1)), kLeased);
  EXPECT_EQ(StateAt(In(kLeased), kNow + seconds(20)), kExpired);
  EXPECT_EQ(StateAt(In(kBreaking), kNow + seconds(10) - Ticks(1)), kBreaking);
  EXPECT_EQ(StateAt(In(kBreaking), kNow + seconds(10)), kBroken);
  EXPECT_EQ(StateAt(Infinite(), kNow + std::chrono::years(100)), kLeased);
}

TEST(LeaseState, Names) {
  const std::pair<std::string_view, std::string_view> names[] = {{"available", "unlocked"},
                                                                 {"leased", "locked"},
                                                                 {"breaking", "locked"},
                                                                 {"broken", "unlocked"},
                                                                 {"expired", "unlocked"}};
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(LeaseStateName(kStates[i]), names[i].first);
    EXPECT_EQ(LeaseStatusName(kStates[i]), names[i].second);
    EXPECT_EQ(LeaseDurationName(In(kStates[i]), kNow), kStates[i] == kLeased ? "fixed" : "");
  }
  EXPECT_EQ(LeaseDurationName(Infinite(), kNow), "infinite");
}

// "Use of a blob by lease state", in the order of kStates; "=" keeps the lease, "" clears it.
struct Use {
  std::string_view name;
  bool write;
  std::optional<std::string_view> id;
  std::string_view cells[5];
};

constexpr std::string_view kNotPresent = "LeaseNotPresentWithBlobOperation";
constexpr std::string_view kOther = "LeaseIdMismatchWithBlobOperation";
constexpr std::string_view kMissing = "LeaseIdMissing";
constexpr std::string_view kLost = "LeaseLost";

const Use kUses[] = {
    {"write with A", true, kA, {kNotPresent, "=", "=", kLost, kLost}},
    {"write with B", true, kB, {kNotPresent, kOther, kOther, kNotPresent, kNotPresent}},
    {"write without id", true, {}, {"", kMissing, kMissing, "", ""}},
    {"read with A", false, kA, {kNotPresent, "=", "=", kLost, kLost}},
    {"read with B", false, kB, {kNotPresent, kOther, kOther, kNotPresent, kNotPresent}},
    {"read without id", false, {}, {"=", "=", "=", "=", "="}},
};

TEST(LeaseUse, FollowsTheTable) {
  for (const Use& use : kUses) {
    for (std::size_t i = 0; i < 5; ++i) {
      SCOPED_TRACE(std::string(use.name) + ", " + std::string(LeaseStateName(kStates[i])));
      const LeaseRecord lease = In(kStates[i]);
      const std::string_view expected = use.cells[i];
      const bool allowed = expected.empty() || expected == "=";
      const auto read = CheckRead(lease, use.id, LeaseSubject::kBlob, kNow);
      const auto write = CheckWrite(lease, use.id, LeaseSubject::kBlob, kNow);
      const bool ok = use.write ? write.has_value() : read.has_value();
      ASSERT_EQ(ok, allowed);
      if (!ok) {
        const azure::Error& error = use.write ? write.error() : read.error();
        EXPECT_EQ(CodeOf(error), expected);
        EXPECT_EQ(error.http_status(), 412u);
      } else if (use.write) {
        EXPECT_EQ(*write, expected == "=" ? lease : LeaseRecord{});
      }
    }
  }
}

TEST(LeaseUse, ContainersHaveTheirOwnCodesAndWords) {
  const auto subject = LeaseSubject::kContainer;
  const auto other = CheckRead(In(kLeased), kB, subject, kNow);
  ASSERT_FALSE(other);
  EXPECT_EQ(CodeOf(other.error()), "LeaseIdMismatchWithContainerOperation");
  const auto none = CheckRead(In(kAvailable), kA, subject, kNow);
  ASSERT_FALSE(none);
  EXPECT_EQ(CodeOf(none.error()), "LeaseNotPresentWithContainerOperation");
  const auto missing = CheckWrite(In(kLeased), {}, subject, kNow);
  ASSERT_FALSE(missing);
  EXPECT_EQ(CodeOf(missing.error()), kMissing);
  EXPECT_EQ(missing.error().message(),
            "There is currently a lease on the container and no lease ID was specified in the "
            "request.");
  const auto lost = CheckWrite(In(kExpired), kA, subject, kNow);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().message(),
            "A lease ID was specified, but the lease for the container has expired.");
}

}  // namespace
}  // namespace blobgate::blob
