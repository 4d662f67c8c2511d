#include "base/uuid.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <thread>

namespace blobgate {
namespace {

TEST(NewUuid, HasTheFormOfVersion4) {
  for (int i = 0; i < 100; ++i) {
    const std::string id = NewUuid();
    ASSERT_TRUE(IsUuid(id)) << id;
    EXPECT_EQ(id[14], '4') << id;
    EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos) << id;
    EXPECT_EQ(id.find_first_of("ABCDEF"), std::string::npos) << id;
  }
}

TEST(NewUuid, DiffersWithinAndAcrossThreads) {
  std::set<std::string> seen[2];
  {
    const auto work = [](std::set<std::string>& ids) {
      for (int i = 0; i < 1000; ++i) ids.insert(NewUuid());
    };
    std::jthread a(work, std::ref(seen[0]));
    std::jthread b(work, std::ref(seen[1]));
  }
  seen[0].merge(seen[1]);
  EXPECT_EQ(seen[0].size(), 2000u);
}

TEST(RandomU64, DiffersFromCallToCall) {
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(RandomU64());
  EXPECT_EQ(seen.size(), 1000u);
}

TEST(IsUuid, OnlyTheHyphenatedForm) {
  EXPECT_TRUE(IsUuid("0f0f0f0f-0000-4000-8000-000000000001"));
  EXPECT_TRUE(IsUuid("ABCDEFab-cdef-ABCD-EFab-0123456789ab"));
  EXPECT_FALSE(IsUuid(""));
  EXPECT_FALSE(IsUuid("0f0f0f0f000040008000000000000001"));
  EXPECT_FALSE(IsUuid("{0f0f0f0f-0000-4000-8000-000000000001}"));
  EXPECT_FALSE(IsUuid("0f0f0f0f-0000-4000-8000-00000000000"));
  EXPECT_FALSE(IsUuid("0f0f0f0f-0000-4000-8000-0000000000011"));
  EXPECT_FALSE(IsUuid("0f0f0f0f-0000-4000-8000-00000000000g"));
  EXPECT_FALSE(IsUuid("0f0f0f0-f0000-4000-8000-000000000001"));
}

}  // namespace
}  // namespace blobgate
