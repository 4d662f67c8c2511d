#include "base/encoding.h"

#include <gtest/gtest.h>

#include <string>

namespace blobgate {
namespace {

using namespace std::string_view_literals;

// RFC 4648 section 10.
TEST(Base64, KnownAnswersBothWays) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"},
                                                                 {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(Base64Encode(plain), encoded);
    EXPECT_EQ(Base64Decode(encoded), plain);
  }
}

TEST(Base64Url, KnownAnswersBothWays) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"\xfb\xff\xfe", "-__-"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(Base64UrlEncode(plain), encoded);
    EXPECT_EQ(Base64UrlDecode(encoded), plain);
  }
}

TEST(Base64Url, OneSpellingOnly) {
  for (const auto text : {"Zg=="sv, "Zh"sv, "Zm9="sv, "Z"sv, "+//+"sv, "Zm 9"sv, "Zm9v\n"sv}) {
    EXPECT_FALSE(Base64UrlDecode(text)) << text;
  }
}

TEST(Base64, EveryByteSurvives) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(Base64Decode(Base64Encode(all)), all);
}

TEST(Base64, LeftOverBitsAreIgnored) {
  EXPECT_EQ(Base64Decode("Zh=="), "f");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const auto text :
       {"Z"sv, "Zg"sv, "Zg="sv, "Zg==="sv, "===="sv, "Z==="sv, "Zm9v\n"sv, "Zm 9"sv, "Zg==Zg=="sv,
        "Z=g="sv, "Zm9-"sv, "Zm9_"sv, "Zm9\0"sv, "Zm9\xff"sv, " Zm9v   "sv, "=Zm9"sv}) {
    EXPECT_EQ(Base64Decode(text), std::nullopt) << text;
  }
}

TEST(Hex, LowerCase) {
  EXPECT_EQ(HexEncode(AsBytes("\x00\x1f\xab\xff"sv)), "001fabff");
}

TEST(PercentDecode, DecodesOnceAndKeepsThePlus) {
  EXPECT_EQ(PercentDecode("a%20b%2Fc+d"), "a b/c+d");
  EXPECT_EQ(PercentDecode("%2520"), "%20");
  EXPECT_EQ(PercentDecode("%c3%A9%00x"), "\xc3\xa9\0x"sv);
  EXPECT_EQ(PercentDecode(""), "");
}

TEST(PercentDecode, RefusesBrokenEscapes) {
  for (const auto text : {"%"sv, "%2"sv, "a%"sv, "%2g"sv, "%g2"sv, "%%20"sv, "%-1"sv, "% 1"sv}) {
    EXPECT_EQ(PercentDecode(text), std::nullopt) << text;
  }
}

TEST(PercentEncode, KeepsUnreservedAndWhatIsAskedFor) {
  EXPECT_EQ(PercentEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(PercentEncode("a/b c+\xc3\xa9"), "a%2Fb%20c%2B%C3%A9");
  EXPECT_EQ(PercentEncode("a/b c", "/"), "a/b%20c");
  EXPECT_EQ(PercentEncode("\0"sv), "%00");
}

TEST(Case, AsciiOnly) {
  EXPECT_EQ(ToLower("X-Ms-DATE\xc3\x89"), "x-ms-date\xc3\x89");
  EXPECT_TRUE(EqualsIgnoreCase("X-MS-date", "x-ms-DATE"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
  EXPECT_FALSE(EqualsIgnoreCase("[", "{"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
  EXPECT_FALSE(EqualsIgnoreCase("a[", "A{"));
  EXPECT_TRUE(EqualsIgnoreCase("", ""));
}

// Several characters are compared at once: each place of each length, with each pair of bytes.
TEST(EqualsIgnoreCase, IsTheSameForEveryPlaceLengthAndByte) {
  const auto lower = [](unsigned char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; };
  for (std::size_t size = 1; size <= 25; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string a(size, 'k'), b(size, 'K');
      for (unsigned x = 0; x < 256; ++x) {
        for (const unsigned y : {x, x ^ 0x20, x ^ 0x80, x + 1, x ^ 0xa0}) {
          a[at] = static_cast<char>(x);
          b[at] = static_cast<char>(y);
          const bool same = lower(static_cast<unsigned char>(x)) == lower(y & 0xff);
          ASSERT_EQ(EqualsIgnoreCase(a, b), same) << size << " " << at << " " << x << " " << y;
        }
      }
    }
  }
}

TEST(Trim, BlanksAndTabsOnly) {
  EXPECT_EQ(Trim(" \t a b\t "), "a b");
  EXPECT_EQ(Trim(" \t"), "");
  EXPECT_EQ(Trim("\na\n"), "\na\n");
}

TEST(ParseUnsigned, WholeNumbersThatFit) {
  EXPECT_EQ(ParseUnsigned("0"), 0u);
  EXPECT_EQ(ParseUnsigned("007"), 7u);
  EXPECT_EQ(ParseUnsigned("18446744073709551615"), ~std::uint64_t{0});
  for (const auto text : {""sv, "18446744073709551616"sv, "-1"sv, "+1"sv, " 1"sv, "1 "sv, "1a"sv,
                          "0x1"sv, "1.0"sv, "1\0"sv}) {
    EXPECT_EQ(ParseUnsigned(text), std::nullopt) << text;
  }
}

TEST(IsUtf8, AcceptsTheWholeRange) {
  EXPECT_TRUE(IsUtf8(""));
  EXPECT_TRUE(IsUtf8("plain\0text"sv));
  EXPECT_TRUE(IsUtf8("\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
  EXPECT_TRUE(IsUtf8("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}

TEST(IsUtf8, RefusesOverlongSurrogatesAndCutSequences) {
  for (const auto text :
       {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv,
        "\xed\xbf\xbf"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv,
        "\xff"sv, "\xfe"sv, "\xc3"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv, "\xc3("sv, "a\xe2(\xa1"sv}) {
    EXPECT_FALSE(IsUtf8(text));
  }
}

}  // namespace
}  // namespace blobgate
