#include "blob/keys.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace blobgate::blob {
namespace {

TEST(Keys, HaveTheDocumentedForm) {
  EXPECT_EQ(AccountSpace("acct"), "a/acct");
  EXPECT_EQ(ContainerSpace("i1"), "k/i1");
  EXPECT_EQ(ContainerKey("cont"), "ccont");
  EXPECT_EQ(GarbageKey("i1"), "gi1");
  EXPECT_EQ(ServicePropertiesKey(), "p");
  EXPECT_EQ(CopyJobKey("id"), "yid");
  EXPECT_EQ(AliveKey(), "!");
  EXPECT_EQ(BlobKey("a/b"), "ba/b\x02");
  EXPECT_EQ(StagedKey("n", 0x1A, "AA=="),
            "un\x01"
            "000000000000001a\x01"
            "AA==");
  EXPECT_EQ(StagedPrefix("n", ~std::uint64_t{0}),
            "un\x01"
            "ffffffffffffffff\x01");
  EXPECT_EQ(AppendKey("n", 0x1A, 0x100),
            "dn\x01"
            "000000000000001a\x01"
            "0000000000000100");
  EXPECT_EQ(PageChunkKey("n", 0x1A, 2, 0x1FFFFF),
            "qn\x01"
            "000000000000001a\x01"
            "0000000000000002\x01"
            "001fffff");
  EXPECT_EQ(LeftoverKey("n", 0x1A),
            "wn\x01"
            "000000000000001a");
  EXPECT_TRUE(PageChunkKey("n", 5, 1, 0).starts_with(PageLayerPrefix("n", 5, 1)));
  EXPECT_TRUE(PageLayerPrefix("n", 5, 1).starts_with(PagePrefix("n", 5)));
  EXPECT_TRUE(AppendKey("n", 5, 1).starts_with(AppendPrefix("n", 5)));
}

TEST(Keys, ThoseOfContentGiveTheirNumbersBack) {
  EXPECT_EQ(LineageOfKey(AppendPrefix("n", 77)), 77u);
  EXPECT_EQ(LineageOfKey(AppendKey("n", ~0ull, 5)), ~0ull);
  EXPECT_EQ(LineageOfKey(PageChunkKey("n", 77, 1, 2)), 77u);
  EXPECT_EQ(LineageOfKey(LeftoverKey("n", 77)), 77u);
  EXPECT_EQ(EndOfAppendKey(AppendKey("n", 1, 0x123456789ull)), 0x123456789u);
  const auto chunk = NameOfPageChunkKey(PageChunkKey("n", 1, 3, 4));
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->layer, 3u);
  EXPECT_EQ(chunk->chunk, 4u);
  // What only looks like one.
  EXPECT_FALSE(EndOfAppendKey(AppendPrefix("n", 1)));
  EXPECT_FALSE(EndOfAppendKey(AppendKey("n", 1, 2) + "0"));
  EXPECT_FALSE(NameOfPageChunkKey(PagePrefix("n", 1)));
  EXPECT_FALSE(NameOfPageChunkKey(PageLayerPrefix("n", 1, 1)));
  EXPECT_FALSE(NameOfPageChunkKey(PageChunkKey("n", 1, 3, 4) + "0"));
  EXPECT_FALSE(LineageOfKey("wn"));
  EXPECT_FALSE(LineageOfKey("wn\x01"));
  const std::string bad_digit = std::string("wn\x01") + "000000000000001G";
  EXPECT_FALSE(LineageOfKey(bad_digit));
}

TEST(Keys, BlobsSortByNameByteForByte) {
  const std::vector<std::string> names = {"A",   "a",  "a ", "a!", "a-",       "a/",
                                          "a/b", "a0", "ab", "b",  "\xC3\xA9", "\xEF\xBF\xBE"};
  std::vector<std::string> keys;
  for (const std::string& name : names) keys.push_back(BlobKey(name));
  EXPECT_TRUE(std::ranges::is_sorted(keys));
}

TEST(Keys, GiveTheirPartsBack) {
  for (std::string_view name : {"a", "a//b", "\xE6\x97\xA5 x", "u", "b"}) {
    EXPECT_EQ(NameOfKey(BlobKey(name)), name);
    const std::string staged = StagedKey(name, 7, "AAAA");
    EXPECT_EQ(NameOfKey(staged), name);
    EXPECT_EQ(BlockIdOfKey(staged), "AAAA");
  }
  EXPECT_EQ(BlockIdOfKey(StagedPrefix("n", 1)), "");
}

TEST(Keys, MalformedKeysGiveNothing) {
  EXPECT_EQ(NameOfKey(""), "");
  EXPECT_EQ(NameOfKey("b"), "");
  EXPECT_EQ(BlockIdOfKey(""), "");
  EXPECT_EQ(BlockIdOfKey("un"), "");
  EXPECT_EQ(BlockIdOfKey("un\x01"
                         "00"),
            "");
}

TEST(Keys, AStagedPrefixCoversOneBlobAndGeneration) {
  const std::string prefix = StagedPrefix("name", 1);
  EXPECT_TRUE(StagedKey("name", 1, "A").starts_with(prefix));
  EXPECT_FALSE(StagedKey("name", 2, "A").starts_with(prefix));
  EXPECT_FALSE(StagedKey("name2", 1, "A").starts_with(prefix));
  EXPECT_FALSE(StagedKey("nam", 1, "A").starts_with(prefix));
}

TEST(Keys, PrefixEndIsTheNextKey) {
  EXPECT_EQ(PrefixEnd("ab"), "ac");
  EXPECT_EQ(PrefixEnd("a\xFF\xFF"), "b");
  EXPECT_EQ(PrefixEnd("a\x7F"), "a\x80");
  EXPECT_EQ(PrefixEnd("\xFF"), "");
  EXPECT_EQ(PrefixEnd(""), "");
}

}  // namespace
}  // namespace blobgate::blob
