// Lease Container, and what a lease means to the other container operations (operations.md 1.6).
#include <gtest/gtest.h>

#include <string>

#include "operations/handlers.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

const std::string kA = "aaaaaaaa-1111-4222-8333-444444444444";
const std::string kB = "bbbbbbbb-1111-4222-8333-444444444444";
const std::string kC = "cccccccc-1111-4222-8333-444444444444";

class LeaseContainerTest : public ::testing::Test {
 protected:
  LeaseContainerTest() {
    EXPECT_EQ(h.Run(CreateContainer, "PUT /c?restype=container").status, 201u);
  }

  test::Reply Lease(const std::string& action, const std::string& headers = "") {
    return h.Run(LeaseContainer, "PUT /c?restype=container&comp=lease\nx-ms-lease-action: " +
                                     action + "\n" + headers);
  }
  test::Reply Acquire(const std::string& id, int seconds) {
    return Lease("acquire", "x-ms-lease-duration: " + std::to_string(seconds) +
                                "\nx-ms-proposed-lease-id: " + id);
  }
  test::Reply WithId(const std::string& action, const std::string& id,
                     const std::string& more = "") {
    return Lease(action, "x-ms-lease-id: " + id + "\n" + more);
  }
  test::Reply Break(const std::string& period = "") {
    return Lease("break", period.empty() ? "" : "x-ms-lease-break-period: " + period);
  }
  test::Reply Properties(const std::string& headers = "") {
    return h.Run(GetContainerProperties, "GET /c?restype=container\n" + headers);
  }
  std::string State() { return Properties().Header("x-ms-lease-state"); }

  test::OperationHarness h;
};

TEST_F(LeaseContainerTest, AcquireAnswersTheIdAndLeavesTheEtag) {
  const auto before = Properties();
  h.clock.Advance(std::chrono::seconds(2));
  const auto reply = Acquire(kA, 15);
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("x-ms-lease-id"), kA);
  EXPECT_EQ(reply.Header("ETag"), before.Header("ETag"));
  EXPECT_EQ(reply.Header("Last-Modified"), before.Header("Last-Modified"));
  const auto after = Properties();
  EXPECT_EQ(after.Header("x-ms-lease-state"), "leased");
  EXPECT_EQ(after.Header("x-ms-lease-status"), "locked");
  EXPECT_EQ(after.Header("x-ms-lease-duration"), "fixed");
  EXPECT_EQ(after.Header("ETag"), before.Header("ETag"));
}

TEST_F(LeaseContainerTest, AcquireWithoutProposedIdMakesOne) {
  const auto reply = Lease("acquire", "x-ms-lease-duration: -1");
  EXPECT_EQ(reply.status, 201u);
  EXPECT_EQ(reply.Header("x-ms-lease-id").size(), 36u);
  EXPECT_EQ(Properties().Header("x-ms-lease-duration"), "infinite");
}

TEST_F(LeaseContainerTest, AcquireOnALeasedContainer) {
  ASSERT_EQ(Acquire(kA, 15).status, 201u);
  EXPECT_EQ(Acquire(kB, 15).code, "LeaseAlreadyPresent");
  EXPECT_EQ(Acquire(kB, 15).status, 409u);
  EXPECT_EQ(Acquire(kA, 60).status, 201u);
  h.clock.Advance(std::chrono::seconds(30));
  EXPECT_EQ(State(), "leased");
}

TEST_F(LeaseContainerTest, ALeaseRunsOutAndCanBeRenewed) {
  ASSERT_EQ(Acquire(kA, 15).status, 201u);
  h.clock.Advance(std::chrono::seconds(15));
  EXPECT_EQ(State(), "expired");
  const auto reply = WithId("renew", kA);
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(reply.Header("x-ms-lease-id"), kA);
  EXPECT_EQ(State(), "leased");
  EXPECT_EQ(WithId("renew", kB).code, "LeaseIdMismatchWithLeaseOperation");
}

TEST_F(LeaseContainerTest, ReleaseMakesItAvailableAndSendsNoId) {
  ASSERT_EQ(Acquire(kA, -1).status, 201u);
  EXPECT_EQ(WithId("release", kB).code, "LeaseIdMismatchWithLeaseOperation");
  const auto reply = WithId("release", kA);
  EXPECT_EQ(reply.status, 200u);
  EXPECT_FALSE(reply.Has("x-ms-lease-id"));
  EXPECT_EQ(State(), "available");
}

TEST_F(LeaseContainerTest, ChangeTakesTheNewIdAndMayBeRepeated) {
  ASSERT_EQ(Acquire(kA, -1).status, 201u);
  const std::string to_b = "x-ms-proposed-lease-id: " + kB;
  EXPECT_EQ(WithId("change", kA, to_b).Header("x-ms-lease-id"), kB);
  EXPECT_EQ(WithId("change", kA, to_b).status, 200u);
  EXPECT_EQ(WithId("change", kA, "x-ms-proposed-lease-id: " + kC).code,
            "LeaseIdMismatchWithLeaseOperation");
}

TEST_F(LeaseContainerTest, ChangeWithoutALease) {
  const auto reply = WithId("change", kA, "x-ms-proposed-lease-id: " + kB);
  EXPECT_EQ(reply.status, 409u);
  EXPECT_EQ(reply.code, "LeaseNotPresentWithLeaseOperation");
}

TEST_F(LeaseContainerTest, BreakOfAFixedLeaseLetsItRunOut) {
  ASSERT_EQ(Acquire(kA, 30).status, 201u);
  h.clock.Advance(std::chrono::seconds(10));
  const auto reply = Break();
  EXPECT_EQ(reply.status, 202u);
  EXPECT_EQ(reply.Header("x-ms-lease-time"), "20");
  EXPECT_FALSE(reply.Has("x-ms-lease-id"));
  EXPECT_EQ(State(), "breaking");
  EXPECT_EQ(Acquire(kA, 15).code, "LeaseIsBreakingAndCannotBeAcquired");
  EXPECT_EQ(WithId("change", kA, "x-ms-proposed-lease-id: " + kB).code,
            "LeaseIsBreakingAndCannotBeChanged");
  EXPECT_EQ(WithId("renew", kA).code, "LeaseIsBrokenAndCannotBeRenewed");
  h.clock.Advance(std::chrono::seconds(20));
  EXPECT_EQ(State(), "broken");
  EXPECT_EQ(Acquire(kB, 15).status, 201u);
}

TEST_F(LeaseContainerTest, BreakPeriods) {
  ASSERT_EQ(Acquire(kA, -1).status, 201u);
  EXPECT_EQ(Break("40").Header("x-ms-lease-time"), "40");
  EXPECT_EQ(Break("50").Header("x-ms-lease-time"), "40");  // never longer
  EXPECT_EQ(Break("0").Header("x-ms-lease-time"), "0");
  EXPECT_EQ(State(), "broken");
}

TEST_F(LeaseContainerTest, BreakOfAnInfiniteLeaseIsAtOnce) {
  ASSERT_EQ(Acquire(kA, -1).status, 201u);
  EXPECT_EQ(Break().Header("x-ms-lease-time"), "0");
  EXPECT_EQ(State(), "broken");
}

TEST_F(LeaseContainerTest, BreakWithoutALease) {
  EXPECT_EQ(Break().status, 409u);
  EXPECT_EQ(Break().code, "LeaseNotPresentWithLeaseOperation");
}

TEST_F(LeaseContainerTest, BadHeaders) {
  EXPECT_EQ(h.Run(LeaseContainer, "PUT /c?restype=container&comp=lease").code,
            "MissingRequiredHeader");
  EXPECT_EQ(Lease("steal").code, "InvalidHeaderValue");
  EXPECT_EQ(Lease("acquire").Detail("HeaderName"), "x-ms-lease-duration");
  for (const char* duration : {"14", "61", "0", "-2", "abc", "99999999999999999999"}) {
    const auto reply = Lease("acquire", std::string("x-ms-lease-duration: ") + duration);
    EXPECT_EQ(reply.code, "InvalidHeaderValue") << duration;
  }
  EXPECT_EQ(Lease("acquire", "x-ms-lease-duration: 15\nx-ms-proposed-lease-id: me").code,
            "InvalidHeaderValue");
  for (const char* action : {"renew", "release", "change"}) {
    EXPECT_EQ(Lease(action).code, "MissingRequiredHeader") << action;
    EXPECT_EQ(WithId(action, "nonsense").code, "InvalidHeaderValue") << action;
  }
  EXPECT_EQ(WithId("change", kA).Detail("HeaderName"), "x-ms-proposed-lease-id");
  EXPECT_EQ(Break("61").code, "InvalidHeaderValue");
  EXPECT_EQ(Break("-1").code, "InvalidHeaderValue");
  EXPECT_EQ(State(), "available");
}

TEST_F(LeaseContainerTest, ConditionsAreTheDatesOnly) {
  const std::string fifteen = "x-ms-lease-duration: 15\n";
  EXPECT_EQ(Lease("acquire", fifteen + "If-Modified-Since: Thu, 15 Jan 2026 12:00:00 GMT").code,
            "ConditionNotMet");
  EXPECT_EQ(Lease("acquire", fifteen + "If-Unmodified-Since: Thu, 15 Jan 2026 11:59:59 GMT").code,
            "ConditionNotMet");
  EXPECT_EQ(Lease("acquire", fifteen + "If-None-Match: *").status, 201u);
}

TEST_F(LeaseContainerTest, ACallerWhoMayOnlyDeleteMayOnlyBreak) {
  ASSERT_EQ(Acquire(kA, -1).status, 201u);
  h.permissions = azure::Permissions("d");
  EXPECT_EQ(WithId("renew", kA).status, 403u);
  EXPECT_EQ(WithId("renew", kA).code, "AuthorizationPermissionMismatch");
  EXPECT_EQ(Break().status, 202u);
}

TEST_F(LeaseContainerTest, OtherOperationsWantTheRightIdIfAny) {
  ASSERT_EQ(Acquire(kA, 15).status, 201u);
  EXPECT_EQ(Properties().status, 200u);
  EXPECT_EQ(Properties("x-ms-lease-id: " + kA).status, 200u);
  EXPECT_EQ(Properties("x-ms-lease-id: " + kB).status, 412u);
  EXPECT_EQ(Properties("x-ms-lease-id: " + kB).code, "LeaseIdMismatchWithContainerOperation");
  EXPECT_EQ(Properties("x-ms-lease-id: what").code, "InvalidHeaderValue");
  EXPECT_EQ(
      h.Run(SetContainerMetadata, "PUT /c?restype=container&comp=metadata\nx-ms-lease-id: " + kB)
          .code,
      "LeaseIdMismatchWithContainerOperation");
  h.clock.Advance(std::chrono::seconds(15));
  EXPECT_EQ(Properties("x-ms-lease-id: " + kA).code, "LeaseLost");
}

TEST_F(LeaseContainerTest, AnIdForAContainerWithoutLease) {
  EXPECT_EQ(Properties("x-ms-lease-id: " + kA).status, 412u);
  EXPECT_EQ(Properties("x-ms-lease-id: " + kA).code, "LeaseNotPresentWithContainerOperation");
}

TEST_F(LeaseContainerTest, AMissingContainer) {
  const auto reply =
      h.Run(LeaseContainer, "PUT /other?restype=container&comp=lease\nx-ms-lease-action: break");
  EXPECT_EQ(reply.code, "ContainerNotFound");
}

}  // namespace
}  // namespace blobgate::operations
