#include "base/copy_tuning.h"

#include <gtest/gtest.h>

namespace blobgate {
namespace {

constexpr std::string_view kSetting = "glibc.cpu.x86_rep_movsb_threshold=0x40000000";

TEST(TunablesForCopies, OnProcessorsOfAmdUntilGlibcKnowsThem) {
  EXPECT_EQ(TunablesForCopies(true, "2.36", ""), kSetting);
  EXPECT_EQ(TunablesForCopies(true, "2.39", ""), kSetting);
  EXPECT_EQ(TunablesForCopies(true, "2.40", ""), std::nullopt);
  EXPECT_EQ(TunablesForCopies(true, "2.41.9000", ""), std::nullopt);
  EXPECT_EQ(TunablesForCopies(true, "3.0", ""), std::nullopt);
  EXPECT_EQ(TunablesForCopies(false, "2.36", ""), std::nullopt);
}

TEST(TunablesForCopies, KeepsWhatIsSet) {
  const auto both = TunablesForCopies(true, "2.36", "glibc.malloc.check=1");
  ASSERT_TRUE(both);
  EXPECT_EQ(*both, "glibc.malloc.check=1:" + std::string(kSetting));
  EXPECT_EQ(TunablesForCopies(true, "2.36", *both), std::nullopt) << "or it would not end";
  EXPECT_EQ(TunablesForCopies(true, "2.36", "glibc.cpu.x86_rep_movsb_threshold=4096"),
            std::nullopt);
}

TEST(TunablesForCopies, VersionsThatAreNone) {
  EXPECT_EQ(TunablesForCopies(true, "", ""), kSetting);
  EXPECT_EQ(TunablesForCopies(true, "2", ""), kSetting);
  EXPECT_EQ(TunablesForCopies(true, "2.", ""), kSetting);
  EXPECT_EQ(TunablesForCopies(true, "stable", ""), kSetting);
  EXPECT_EQ(TunablesForCopies(true, "99999999999.1", ""), kSetting);
}

}  // namespace
}  // namespace blobgate
