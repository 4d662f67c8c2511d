#include "operations/copy/source_slices.h"

#include <gtest/gtest.h>

#include "copy_test_support.h"

namespace blobgate::operations {
namespace {

class SourceSlicesTest : public ::testing::Test {
 protected:
  blob::Slice Store(std::string_view bytes) {
    auto writer = h.Await(h.services.extents().Create(bytes.size()));
    EXPECT_TRUE(writer);
    EXPECT_TRUE(h.Await((*writer)->Append(AsBytes(bytes))));
    auto ref = h.Await((*writer)->Finish());
    EXPECT_TRUE(ref);
    return {*ref, 0, ref->length};
  }
  /// "0123456789" in blocks of 4, 0 and 6 bytes, the last one in two slices.
  blob::Content Digits() {
    blob::Content content;
    content.blocks.push_back({"QUE=", 4, {Store("0123")}});
    content.blocks.push_back({"QkI=", 0, {}});
    content.blocks.push_back({"Q0M=", 6, {Store("456"), Store("789")}});
    return content;
  }
  std::string Read(const std::vector<blob::Slice>& slices) {
    std::string out;
    for (const auto& slice : slices) {
      auto bytes = h.Await(h.services.extents().Read(slice.extent, slice.offset, slice.length));
      EXPECT_TRUE(bytes);
      out += AsChars(bytes->view());
    }
    return out;
  }

  test::OperationHarness h;
};

TEST_F(SourceSlicesTest, EveryRangeOfAContent) {
  const blob::Content content = Digits();
  const std::string all = "0123456789";
  for (std::uint64_t from = 0; from <= all.size(); ++from) {
    for (std::uint64_t length = 0; from + length <= all.size(); ++length) {
      const auto slices = SubSlices(content, from, length);
      ASSERT_TRUE(slices) << from << "+" << length;
      EXPECT_EQ(Read(*slices), all.substr(from, length)) << from << "+" << length;
      for (const auto& slice : *slices) EXPECT_GT(slice.length, 0u);
    }
  }
}

TEST_F(SourceSlicesTest, ContentShorterThanAskedIsCorruption) {
  const blob::Content content = Digits();
  const auto beyond = SubSlices(content, 8, 3);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, Errc::kCorruption);
}

TEST_F(SourceSlicesTest, SubSliceOfASubSlice) {
  blob::Slice shared = Store("abcdefgh");
  shared.offset = 2;
  shared.length = 4;  // "cdef"
  blob::Content content;
  content.blocks.push_back({"", 4, {shared}});
  const auto slices = SubSlices(content, 1, 2);
  ASSERT_TRUE(slices);
  EXPECT_EQ(Read(*slices), "de");
}

TEST_F(SourceSlicesTest, HashesAreThoseOfTheBytes) {
  const blob::Content content = Digits();
  const std::string all = "0123456789";
  for (const auto& [from, length] :
       {std::pair<std::uint64_t, std::uint64_t>{0, 10}, {2, 6}, {4, 0}}) {
    const auto slices = SubSlices(content, from, length);
    ASSERT_TRUE(slices);
    const std::string bytes = all.substr(from, length);
    for (const bool md5 : {false, true}) {
      const auto hashes = h.Await(HashSlices(h.services, *slices, md5));
      ASSERT_TRUE(hashes);
      EXPECT_EQ(hashes->crc64, Crc64(AsBytes(bytes)));
      ASSERT_EQ(hashes->md5.has_value(), md5);
      if (md5) EXPECT_EQ(*hashes->md5, Md5Of(AsBytes(bytes)));
    }
  }
}

TEST_F(SourceSlicesTest, WholeExtentsAreNotRead) {
  const auto slices = SubSlices(Digits(), 0, 10);
  ASSERT_TRUE(slices);
  h.faults->FailNextRead(Errc::kCorruption);
  EXPECT_TRUE(h.Await(HashSlices(h.services, *slices, false)));
  EXPECT_FALSE(h.Await(HashSlices(h.services, *slices, true)));  // reads, and meets the fault
}

TEST_F(SourceSlicesTest, LongContentIsReadInPieces) {
  std::string bytes(3 * 1024 * 1024 + 17, 'x');
  for (std::size_t i = 0; i < bytes.size(); i += 7) bytes[i] = static_cast<char>(i);
  const blob::Slice slice = Store(bytes);
  const auto hashes = h.Await(HashSlices(h.services, {slice}, true));
  ASSERT_TRUE(hashes);
  EXPECT_EQ(hashes->crc64, Crc64(AsBytes(bytes)));
  EXPECT_EQ(*hashes->md5, Md5Of(AsBytes(bytes)));
}

}  // namespace
}  // namespace blobgate::operations
