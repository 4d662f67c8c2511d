#include "operations/service/properties_cache.h"

#include <gtest/gtest.h>

#include "operations/handlers.h"
#include "operations/service/service_properties.h"
#include "support/operation_harness.h"

namespace blobgate::operations {
namespace {

using std::chrono::milliseconds;

PropertiesCache::Properties Some() {
  return std::make_shared<const azure::ServiceProperties>();
}

TEST(PropertiesCache, RecentForASecond) {
  PropertiesCache cache;
  const Time now = Time{} + std::chrono::days(1);
  const auto some = Some();
  EXPECT_EQ(cache.Recent("a", now), nullptr);
  cache.Keep("a", 7, some, now, cache.generation());
  EXPECT_EQ(cache.Recent("a", now), some);
  EXPECT_EQ(cache.Recent("a", now + milliseconds(999)), some);
  EXPECT_EQ(cache.Recent("a", now + milliseconds(1000)), nullptr);
  EXPECT_EQ(cache.Recent("a", now - milliseconds(1)), nullptr);
  EXPECT_EQ(cache.Recent("b", now), nullptr);
  EXPECT_EQ(cache.Find("a", 7), some);
  EXPECT_EQ(cache.Find("a", 8), nullptr);
}

TEST(PropertiesCache, WhatWasReadBeforeAChangeIsNotKept) {
  PropertiesCache cache;
  const Time now = Time{} + std::chrono::days(1);
  const auto before = cache.generation();
  cache.Keep("a", 7, Some(), now, before);
  cache.Forget("a");
  EXPECT_EQ(cache.Recent("a", now), nullptr);
  cache.Keep("a", 7, Some(), now, before);
  EXPECT_EQ(cache.Recent("a", now), nullptr);
  cache.Keep("a", 8, Some(), now, cache.generation());
  EXPECT_NE(cache.Recent("a", now), nullptr);
}

// The clock stands still: nothing grows old by itself.
TEST(PropertiesCache, WhatIsSetCountsAtOnce) {
  test::OperationHarness h;
  const auto version = [&h] {
    return (*h.Await(RecentServiceProperties(h.services, h.account.name)))->default_service_version;
  };
  EXPECT_EQ(version(), "");
  for (const std::string wanted : {"2020-10-02", "2023-11-03"}) {
    const std::string body = "<StorageServiceProperties><DefaultServiceVersion>" + wanted +
                             "</DefaultServiceVersion></StorageServiceProperties>";
    ASSERT_EQ(h.Run(SetBlobServiceProperties, "PUT /?restype=service&comp=properties", body).status,
              202u);
    EXPECT_EQ(version(), wanted);
  }
}

}  // namespace
}  // namespace blobgate::operations
