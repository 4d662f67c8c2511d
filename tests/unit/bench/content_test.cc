#include "bench/content.h"

#include <gtest/gtest.h>

namespace blobgate::bench {
namespace {

std::string BytesOf(const Content& content, std::uint64_t number, std::uint64_t offset,
                    std::uint64_t length) {
  std::vector<iovec> pieces;
  content.AppendTo(pieces, number, offset, length);
  std::string all;
  for (const iovec& piece : pieces) {
    all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  return all;
}

TEST(Content, IsTheSameWhereverItIsCut) {
  const Content content;
  const std::string whole = BytesOf(content, 5, 0, 3 << 20);
  ASSERT_EQ(whole.size(), 3u << 20);
  for (const std::uint64_t offset : {0ull, 1ull, 1048576ull, 2222222ull}) {
    EXPECT_EQ(BytesOf(content, 5, offset, 100'000), whole.substr(offset, 100'000));
    EXPECT_TRUE(content.Matches(5, offset, AsBytes(whole).subspan(offset)));
  }
}

TEST(Content, NoticesOtherBytes) {
  const Content content;
  std::string bytes = BytesOf(content, 5, 0, 4096);
  EXPECT_FALSE(content.Matches(6, 0, AsBytes(bytes)));
  EXPECT_FALSE(content.Matches(5, 1, AsBytes(bytes)));
  EXPECT_FALSE(content.Matches(5, 1 << 20, AsBytes(bytes)));
  bytes[4095] ^= 1;
  EXPECT_FALSE(content.Matches(5, 0, AsBytes(bytes)));
}

TEST(SizeOf, StaysInItsRangeAndIsTheSameForANumber) {
  const SizeRange size{100, 200};
  for (std::uint64_t number = 0; number < 1000; ++number) {
    const std::uint64_t got = SizeOf(size, number);
    EXPECT_GE(got, 100u);
    EXPECT_LE(got, 200u);
    EXPECT_EQ(got, SizeOf(size, number));
  }
  EXPECT_EQ(SizeOf({7, 7}, 3), 7u);
}

}  // namespace
}  // namespace blobgate::bench
