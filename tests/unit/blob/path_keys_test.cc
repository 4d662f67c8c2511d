#include "blob/path_keys.h"

#include <gtest/gtest.h>

#include "blob/keys.h"
#include "blob/path_name.h"
#include "blob/path_record.h"

namespace blobgate::blob {
namespace {

TEST(PathKeysTest, PartsComeBack) {
  const std::string name = EntryName(0x2a, "leaf");
  const auto parts = PartsOfEntryName(name);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->directory, 0x2au);
  EXPECT_EQ(parts->leaf, "leaf");
  EXPECT_EQ(NameOfKey(BlobKey(name)), name);
  EXPECT_TRUE(BlobKey(name).starts_with(EntryPrefix(0x2a)));
  EXPECT_EQ(DirectoryOfKey(InodeKey(7)), 7u);
  EXPECT_EQ(DirectoryOfKey(DetachedKey(~0ull)), ~0ull);
  const std::string key = DeletedKey("a/b", 5);
  const auto deleted = PartsOfDeletedKey(key);
  ASSERT_TRUE(deleted);
  EXPECT_EQ(deleted->path, "a/b");
  EXPECT_EQ(deleted->deletion, 5u);
  EXPECT_EQ(EntryOfInternalName(InternalName(name)), name);
}

TEST(PathKeysTest, OtherFormsAreRefused) {
  for (const char* text : {"", "b", "0123456789abcdef", "0123456789abcdeF/x", "short/x"}) {
    EXPECT_FALSE(PartsOfEntryName(text)) << text;
  }
  for (const char* text :
       {"", "n", "x0123456789abcdef", "n0123456789abcde", "r0123456789abcdef0"}) {
    EXPECT_FALSE(DirectoryOfKey(text)) << text;
  }
  for (const char* text : {"", "z", "zpath", "zpath\x01",
                           "zpath\x01"
                           "12",
                           "b\x01"
                           "0123456789abcdef"}) {
    EXPECT_FALSE(PartsOfDeletedKey(text)) << text;
  }
  EXPECT_FALSE(EntryOfInternalName("a"));
}

TEST(PathNameTest, Paths) {
  EXPECT_EQ(*SplitPath("/a/b/c/"), (std::vector<std::string_view>{"a", "b", "c"}));
  EXPECT_TRUE(SplitPath("")->empty());
  EXPECT_TRUE(SplitPath("//")->empty());
  for (const char* text : {"a//b", ".", "..", "a/./b", "a/..", "../a"}) {
    EXPECT_FALSE(SplitPath(text)) << text;
  }
  EXPECT_TRUE(SplitPath(std::string(255, 'a')));
  EXPECT_FALSE(SplitPath(std::string(256, 'a')));
  std::string deep = "d";
  for (int i = 1; i < 63; ++i) deep += "/d";
  EXPECT_TRUE(SplitPath(deep));
  EXPECT_FALSE(SplitPath(deep + "/d"));
}

TEST(PathNameTest, OrderOfListings) {
  const std::vector<std::string_view> ordered = {"a", "a/b", "a/b/c", "a!", "a!/x", "a0", "b"};
  for (std::size_t i = 0; i < ordered.size(); ++i) {
    for (std::size_t j = 0; j < ordered.size(); ++j) {
      EXPECT_EQ(PathComesBefore(ordered[i], ordered[j]), i < j) << ordered[i] << " " << ordered[j];
    }
  }
}

TEST(PathRecordTest, ComesBack) {
  PathState state{.id = 9,
                  .directory = true,
                  .sticky = true,
                  .made_by_dfs = true,
                  .owner = "o",
                  .group = "g",
                  .acl = "user::rwx,group::r-x,other::---",
                  .expires = Time(Ticks(5)),
                  .encryption_context = "e",
                  .height = 62,
                  .transaction_id = "t"};
  const auto decoded = PathState::Decode(state.Encode());
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->made_by_dfs);
  EXPECT_EQ(decoded->height, 62u);
  EXPECT_EQ(decoded->transaction_id, "t");
  EXPECT_EQ(decoded->Encode(), state.Encode());
  const auto inode = Inode::Decode(Inode{3, "leaf"}.Encode());
  ASSERT_TRUE(inode);
  EXPECT_EQ(inode->parent, 3u);
  EXPECT_EQ(inode->leaf, "leaf");
  EXPECT_FALSE(PathState::Decode("\x01"));
  EXPECT_FALSE(Inode::Decode("\x01\xff"));
}

}  // namespace
}  // namespace blobgate::blob
