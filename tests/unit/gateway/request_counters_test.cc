#include "gateway/request_counters.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gateway/version_groups.h"

namespace blobgate::gateway {
namespace {

using azure::ErrorCode;
using azure::Operation;

EndedRequest Request(Operation operation, unsigned status) {
  EndedRequest request;
  request.operation = operation;
  request.status = status;
  request.version = VersionGroup("2021-08-06");
  request.complete = true;
  request.received_bytes = 5;
  request.sent_bytes = 7;
  request.duration = std::chrono::milliseconds(3);
  request.server = std::chrono::milliseconds(1);
  return request;
}

std::size_t IndexOf(Operation operation) {
  return static_cast<std::size_t>(operation);
}

TEST(RequestCounters, CountByOperation) {
  RequestCounters counters;
  counters.Add(Request(Operation::kGetBlob, 200));
  counters.Add(Request(Operation::kGetBlob, 206));
  auto failed = Request(Operation::kDeletePath, 404);
  failed.error = ErrorCode::kPathNotFound;
  failed.complete = false;
  counters.Add(failed);

  const OperationTotals got = counters.OperationAt(IndexOf(Operation::kGetBlob));
  EXPECT_EQ(got.requests(), 2u);
  EXPECT_EQ(got.received_bytes, 10u);
  EXPECT_EQ(got.sent_bytes, 14u);
  EXPECT_EQ(got.cut, 0u);
  EXPECT_EQ(got.duration.sum, 6'000'000u);
  EXPECT_EQ(got.server.sum, 2'000'000u);
  const auto partial = std::ranges::find(kCountedStatuses, 206u) - kCountedStatuses.begin();
  EXPECT_EQ(got.statuses[static_cast<std::size_t>(partial)], 1u);

  const std::size_t deleted = IndexOf(Operation::kDeletePath);
  EXPECT_EQ(counters.OperationAt(deleted).cut, 1u);
  EXPECT_EQ(counters.Errors(deleted, ErrorCode::kPathNotFound), 1u);
  EXPECT_EQ(counters.Errors(deleted, ErrorCode::kBlobNotFound), 0u);
  EXPECT_EQ(counters.Versions(VersionGroup("2021-08-06")), 3u);
}

TEST(RequestCounters, StatusesOutsideTheListAreOneGroup) {
  RequestCounters counters;
  for (const unsigned status : {0u, 99u, 299u, 418u, 599u, 600u, 4'000'000'000u}) {
    counters.Add(Request(Operation::kPutBlob, status));
  }
  EXPECT_EQ(counters.OperationAt(IndexOf(Operation::kPutBlob)).statuses.back(), 7u);
}

TEST(RequestCounters, EveryOperationHasItsPlace) {
  RequestCounters counters;
  const auto count = azure::kOperationCount + azure::kPathOperationCount;
  for (std::size_t i = 0; i < count; ++i) counters.Add(Request(static_cast<Operation>(i), 200));
  counters.Add(EndedRequest{});
  for (std::size_t i = 0; i < RequestCounters::kOperations; ++i) {
    EXPECT_EQ(counters.OperationAt(i).requests(), 1u) << i;
  }
}

TEST(RequestCounters, CountByAccount) {
  RequestCounters counters;
  const auto account = std::make_shared<AccountCounters>();
  auto request = Request(Operation::kGetBlob, 304);
  request.account = account;
  request.caller = Caller::kServiceSas;
  counters.Add(request);
  counters.Add(Request(Operation::kGetBlob, 403));
  const auto sas = static_cast<std::size_t>(Caller::kServiceSas);
  EXPECT_EQ(account->Totals().requests[sas][1], 1u);
  EXPECT_EQ(account->Totals().sent_bytes, 7u);
  EXPECT_EQ(counters.no_account().Totals().requests[0][2], 1u);
}

TEST(RequestCounters, NothingIsLostBetweenThreads) {
  RequestCounters counters;
  const auto account = std::make_shared<AccountCounters>();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 12; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 500; ++n) {
          auto request = Request(Operation::kGetBlob, 200);
          request.account = account;
          counters.Add(request);
        }
      });
    }
  }
  EXPECT_EQ(counters.OperationAt(IndexOf(Operation::kGetBlob)).requests(), 6000u);
  EXPECT_EQ(account->Totals().received_bytes, 30'000u);
}

TEST(Caller, HasAName) {
  for (std::size_t i = 0; i < kCallerCount; ++i) {
    EXPECT_FALSE(NameOf(static_cast<Caller>(i)).empty());
  }
  EXPECT_EQ(NameOf(CallerOf(auth::Credential::Kind::kUserDelegationSas)), "user_delegation_sas");
}

TEST(VersionGroup, IsOneOfAFewWhateverIsSent) {
  const auto name = [](std::optional<std::string_view> sent) {
    return VersionGroupNames()[VersionGroup(sent)];
  };
  EXPECT_EQ(name("2009-04-14"), "2009-04-14");
  EXPECT_EQ(name("2026-10-06"), "2026-10-06");
  EXPECT_EQ(name("2021-08-07"), "other");
  EXPECT_EQ(name("1970-01-01"), "other");
  EXPECT_EQ(name("9999-99-99"), "other");
  EXPECT_EQ(name(std::nullopt), "absent");
  for (const char* sent :
       {"", "other", "absent", "malformed", "2021-08-6", "2021-08-06 ", "x\ny"}) {
    EXPECT_EQ(name(sent), "malformed") << sent;
  }
  EXPECT_EQ(name(std::string(100'000, '2')), "malformed");
}

}  // namespace
}  // namespace blobgate::gateway
