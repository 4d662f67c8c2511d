#include "http/range.h"

#include <gtest/gtest.h>

namespace blobgate::http {
namespace {

TEST(ParseRange, ReadsBothForms) {
  const auto closed = ParseRange("bytes=0-511");
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->first, 0u);
  EXPECT_EQ(closed->last, 511u);
  const auto open = ParseRange(" Bytes=7- ");
  ASSERT_TRUE(open);
  EXPECT_EQ(open->first, 7u);
  EXPECT_EQ(open->last, std::nullopt);
  EXPECT_TRUE(ParseRange("bytes=5-5"));
  EXPECT_EQ(ParseRange("bytes=0-18446744073709551615")->last, 18446744073709551615u);
}

TEST(ParseRange, RefusesEveryOtherForm) {
  for (const auto* text :
       {"", "bytes", "bytes=", "bytes=-", "bytes=-5", "bytes=5", "bytes=5-4", "bytes=0-1,3-4",
        "bytes=a-b", "bytes=0x0-1", "bytes= 0-1", "bytes=0 - 1", "bytes=+1-2", "lines=0-1",
        "bytes=0-18446744073709551616", "bytes=18446744073709551616-", "bytes=0--1"}) {
    EXPECT_FALSE(ParseRange(text)) << text;
  }
}

}  // namespace
}  // namespace blobgate::http
