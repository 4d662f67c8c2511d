#include "blob/tier.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate::blob {
namespace {

using std::chrono::seconds;

const Time kNow = *ParseIso8601("2026-01-15T12:00:00Z");

template <class T>
std::string CodeOf(const azure::Outcome<T>& outcome) {
  return outcome ? "" : std::string(azure::InfoOf(outcome.error().code).code);
}

TEST(ParseTier, TakesAnyCaseAndNothingElse) {
  EXPECT_EQ(*ParseTier("hOT"), "Hot");
  EXPECT_EQ(*ParseTier("ARCHIVE"), "Archive");
  EXPECT_EQ(*ParseTier("p80"), "P80");
  EXPECT_EQ(CodeOf(ParseTier("Premium")), "InvalidBlobTier");
  EXPECT_EQ(CodeOf(ParseTier("Smart")), "InvalidBlobTier");
  const std::string with_nul("P10\0", 4);
  for (const std::string_view bad : std::initializer_list<std::string_view>{
           "", " ", "Hot ", "P5", "P", "Hotter", "\xFF\xFE", with_nul}) {
    EXPECT_EQ(CodeOf(ParseTier(bad)), "InvalidHeaderValue") << bad;
  }
}

TEST(ParseRehydratePriority, TakesAnyCaseAndNothingElse) {
  EXPECT_EQ(*ParseRehydratePriority(""), RehydratePriority::kStandard);
  EXPECT_EQ(*ParseRehydratePriority("standard"), RehydratePriority::kStandard);
  EXPECT_EQ(*ParseRehydratePriority("HIGH"), RehydratePriority::kHigh);
  for (const std::string_view bad : {"Low", "High ", "1", "\xC3\xA9"}) {
    const auto parsed = ParseRehydratePriority(bad);
    EXPECT_EQ(CodeOf(parsed), "InvalidHeaderValue") << bad;
    EXPECT_EQ(parsed.error().details()[0].second, "x-ms-rehydrate-priority");
  }
}

TEST(TierFits, ByTypeAndLength) {
  constexpr std::uint64_t kGib = 1ull << 30;
  EXPECT_EQ(CodeOf(CheckTierFits("Hot", BlobType::kBlock, 1)), "");
  EXPECT_EQ(CodeOf(CheckTierFits("Hot", BlobType::kAppend, 1)),
            "AccessTierNotSupportedForBlobType");
  EXPECT_EQ(CodeOf(CheckTierFits("Hot", BlobType::kPage, 512)), "InvalidBlobTier");
  EXPECT_EQ(CodeOf(CheckTierFits("P4", BlobType::kBlock, 1)), "InvalidBlobTier");
  EXPECT_EQ(CodeOf(CheckTierFits("P4", BlobType::kPage, 32 * kGib)), "");
  EXPECT_EQ(CodeOf(CheckTierFits("P4", BlobType::kPage, 32 * kGib + 512)),
            "BlobTierInadequateForContentLength");
}

TEST(TierOfAccount, ByKindAndRedundancy) {
  const std::string refused = "BlobAccessTierNotSupportedForAccountType";
  EXPECT_EQ(CodeOf(CheckTierOfAccount("Archive", "StorageV2", "Standard_LRS")), "");
  EXPECT_EQ(CodeOf(CheckTierOfAccount("Archive", "StorageV2", "Standard_ZRS")), refused);
  EXPECT_EQ(CodeOf(CheckTierOfAccount("Cool", "StorageV2", "Standard_ZRS")), "");
  EXPECT_EQ(CodeOf(CheckTierOfAccount("Cool", "Storage", "Standard_LRS")), refused);
  EXPECT_EQ(CodeOf(CheckTierOfAccount("Cool", "BlockBlobStorage", "Premium_LRS")), refused);
  EXPECT_EQ(CodeOf(CheckTierOfAccount("P10", "StorageV2", "Premium_LRS")), "");
}

TEST(Rehydration, EachPriorityHasItsTime) {
  const RehydrationTimes times{.standard = seconds(100), .high = seconds(10)};
  const TierState archived = ExplicitTier("Archive", kNow);
  const auto slow = SetTier(archived, BlobType::kBlock, {"Hot", {}}, times, kNow);
  ASSERT_TRUE(slow);
  EXPECT_TRUE(IsArchived(slow->tier, kNow + seconds(99)));
  EXPECT_FALSE(IsArchived(slow->tier, kNow + seconds(100)));
  const auto raised =
      SetTier(slow->tier, BlobType::kBlock, {"Hot", RehydratePriority::kHigh}, times, kNow);
  EXPECT_FALSE(IsArchived(raised->tier, kNow + seconds(10)));
  // Standard again does not lower it.
  const auto again = SetTier(raised->tier, BlobType::kBlock, {"Hot", {}}, times, kNow);
  EXPECT_EQ(again->tier.rehydrate_priority, "High");
  EXPECT_EQ(again->tier.rehydrated, kNow + seconds(10));
}

TEST(Rehydration, OfNoTimeIsDoneAtOnce) {
  const RehydrationTimes none{.standard = seconds(0), .high = seconds(0)};
  const auto change =
      SetTier(ExplicitTier("Archive", kNow), BlobType::kBlock, {"Cool", {}}, none, kNow);
  EXPECT_TRUE(change->rehydrates);
  EXPECT_EQ(TierAt(change->tier, kNow).tier, "Cool");
}

}  // namespace
}  // namespace blobgate::blob
